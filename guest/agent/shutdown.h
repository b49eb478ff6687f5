#ifndef SHUTDOWN_H
#define SHUTDOWN_H

#include <stdbool.h>

/* Begins to power the guest off, or to restart it, in a process of its own; does nothing more if that
 * has begun. Returns false if it cannot. */
bool shutdown_begin(bool restart);

#endif
