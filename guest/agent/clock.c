#include "clock.h"

#include <stddef.h>
#include <time.h>

#define SECOND 1000000000LL

const char *clock_set(int64_t unix_ns) {
  /* From 2020 to 2200: a host whose own clock is not set must not set the guest's. */
  if (unix_ns < 1577836800 * SECOND || unix_ns > 7258118400 * SECOND) return "the time is out of range";
  struct timespec time = {.tv_sec = unix_ns / SECOND, .tv_nsec = unix_ns % SECOND};
  return clock_settime(CLOCK_REALTIME, &time) == 0 ? NULL : "the kernel refused to set the clock";
}
