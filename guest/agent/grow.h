#ifndef GROW_H
#define GROW_H

#include <stdint.h>

#include "json.h"

/* Grows the file system of one of the VM's own disks ("system" or "work") while it is mounted, to that
 * many bytes. Waits a while for the disk to have them. Returns false, with the reason in `body`, if
 * that cannot be done. */
bool grow_disk(const char *name, int64_t bytes, struct text *body);

#endif
