#ifndef USAGE_H
#define USAGE_H

#include "json.h"

/* Appends what the guest uses, as JSON: its processors, memory, disks and network. What cannot be read is
 * left out. */
void usage_report(struct text *body);

#endif
