#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME_SHOWN 400

static bool problems;

/* A name without what would end the line, and without the ./ of archives. */
static const char *shown(const char *name) {
  static char text[4 * NAME_SHOWN + sizeof "..."];
  if (strncmp(name, "./", 2) == 0 && name[2] != '\0') name += 2;
  size_t length = 0;
  const char *end = name + strnlen(name, NAME_SHOWN);
  for (const char *at = name; at < end; at++) {
    unsigned char byte = (unsigned char)*at;
    if (byte < 0x20 || byte == 0x7f || byte == '\\')
      length += (size_t)sprintf(text + length, "\\%03o", byte);
    else
      text[length++] = *at;
  }
  strcpy(text + length, *end == '\0' ? "" : "...");
  return text;
}

void say_note(const char *name, const char *what, const char *more) {
  char line[4 * NAME_SHOWN + 400];
  int length = snprintf(line, sizeof line, "%s: %.200s%.100s\n", shown(name), what, more);
  /* At once, so that it is not torn apart. */
  ssize_t written = write(STDERR_FILENO, line, (size_t)length);
  (void)written;
}

void say_problem(const char *name, const char *what) {
  problems = true;
  say_note(name, what, "");
}

void say_failure(const char *name, const char *what) {
  problems = true;
  say_note(name, what, strerror(errno));
}

bool say_status(void) { return problems; }
