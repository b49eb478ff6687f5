#include "variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARTS 64

static int get_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

/* Reads the parts and removes them. The bytes after the decoded ones are zero. */
static char *decode(const char *const *parts, size_t count, size_t *size) {
  size_t length = 0;
  for (size_t index = 0; index < count; index++) length += strlen(parts[index]);
  char *bytes = calloc(length + 1, 1);
  if (bytes == NULL) return NULL;
  unsigned bits = 0;
  int pending = 0;
  *size = 0;
  for (size_t index = 0; index < count; index++) {
    for (const char *at = parts[index]; *at != '\0'; at++) {
      int digit = get_digit(*at);
      if (digit < 0) return NULL;
      bits = (bits << 6 | (unsigned)digit) & 0xffff;
      pending += 6;
      if (pending < 8) continue;
      pending -= 8;
      bytes[(*size)++] = (char)(bits >> pending);
    }
  }
  return bytes;
}

int take_variables(const char *text) {
  char *end;
  unsigned long count = strtoul(text, &end, 10);
  if (*end != '\0' || count == 0 || count > MAX_PARTS) return -1;
  const char *parts[MAX_PARTS];
  char name[32];
  for (unsigned long index = 0; index < count; index++) {
    snprintf(name, sizeof name, "BANGER_ENV_%lu", index);
    parts[index] = getenv(name);
    if (parts[index] == NULL) return -1;
  }
  size_t size;
  char *variables = decode(parts, count, &size);
  if (variables == NULL) return -1;
  for (unsigned long index = 0; index < count; index++) {
    snprintf(name, sizeof name, "BANGER_ENV_%lu", index);
    unsetenv(name);
  }
  for (char *at = variables; at < variables + size; at += strlen(at) + 1) {
    if (strchr(at, '=') == NULL || putenv(at) != 0) return -1;
  }
  return 0;
}
