#define _GNU_SOURCE
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Noreturn void fail(enum failure status, const char *format, ...) {
  char message[1024];
  int cause = errno;
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (cause)
    dprintf(STDERR_FILENO, "netns-exec: %s: %s\n", message, strerror(cause));
  else
    dprintf(STDERR_FILENO, "netns-exec: %s\n", message);
  _exit(status);
}
