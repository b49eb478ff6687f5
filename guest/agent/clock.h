#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Sets the system's clock, in nanoseconds since 1970. Returns NULL, or what is wrong. */
const char *clock_set(int64_t unix_ns);

#endif
