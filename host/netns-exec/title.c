#define _GNU_SOURCE
#include "title.h"

#include <stdio.h>
#include <string.h>

static char *start;
static size_t size;

void title_begin(int argc, char **argv) {
  start = argv[0];
  /* The kernel puts one after the other. */
  size = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - start);
}

void title_set(const char *role, const char *control) {
  char title[256];

  snprintf(title, sizeof title, "netns-exec: %s of %s", role, control);
  memset(start, 0, size);
  memcpy(start, title, strnlen(title, size));
}
