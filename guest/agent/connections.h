#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <stddef.h>

/* How many TCP connections there are into the guest from outside: established, on a port on which something
 * listens, and neither from the loopback nor from the guest's own address. What a table holds beyond a
 * bound is not read and counts as one. */
size_t connections_count(void);

#endif
