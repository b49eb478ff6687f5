#include "warn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINES_MAX 16
#define NAME_SHOWN 160

static unsigned long lines;

/* At once, so that nothing else comes in between. */
static void print(const char *line) {
  ssize_t written = write(STDOUT_FILENO, line, strlen(line));
  (void)written;
}

static void say(const char *first, const char *second, const char *third) {
  char line[1024];
  if (++lines > LINES_MAX) return;
  snprintf(line, sizeof line, "BANGER-WARNING file_sync: %.700s%.150s%.100s\n", first, second, third);
  print(line);
}

static const char *escaped(const char *name) {
  static char shown[sizeof "/root/..." + 4 * NAME_SHOWN];
  size_t length = (size_t)sprintf(shown, "/root/");
  const char *end = name + strnlen(name, NAME_SHOWN);
  for (const char *at = name; at < end; at++) {
    unsigned char byte = (unsigned char)*at;
    if (byte < 0x20 || byte == 0x7f || byte == '\\')
      length += (size_t)sprintf(shown + length, "\\x%02x", byte);
    else
      shown[length++] = *at;
  }
  strcpy(shown + length, *end == '\0' ? "" : "...");
  return shown;
}

void warn(const char *what, const char *why) { say(what, why, ""); }

void warn_name(const char *name, const char *said) { say(escaped(name), said, ""); }

void warn_error(const char *name, const char *said) {
  const char *why = strerror(errno);
  say(escaped(name), said, why);
}

void warn_end(void) {
  char line[100];
  if (lines > LINES_MAX) {
    snprintf(line, sizeof line, "BANGER-WARNING file_sync: and %lu more\n", lines - LINES_MAX);
    print(line);
  }
  tcdrain(STDOUT_FILENO);
}
