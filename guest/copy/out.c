#include "out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 512
#define FIELD 100

static char buffer[128 * BLOCK];
static size_t filled;

static void flush(void) {
  for (size_t at = 0; at < filled;) {
    ssize_t count = write(STDOUT_FILENO, buffer + at, filled - at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) _exit(3);
    at += (size_t)count;
  }
  filled = 0;
}

void out_bytes(const void *bytes, size_t count) {
  const char *from = bytes;
  while (count > 0) {
    if (filled == sizeof buffer) flush();
    size_t part = sizeof buffer - filled < count ? sizeof buffer - filled : count;
    memcpy(buffer + filled, from, part);
    filled += part;
    from += part;
    count -= part;
  }
}

void out_zeros(uint64_t count) {
  static const char zeros[BLOCK];
  for (; count > BLOCK; count -= BLOCK) out_bytes(zeros, BLOCK);
  out_bytes(zeros, (size_t)count);
}

void out_padding(uint64_t size) { out_zeros((BLOCK - size % BLOCK) % BLOCK); }

/* Octal digits, or 96 bits of two's complement with the first bit set, as GNU tar has what these do not hold. */
static void number(char *field, int64_t value) {
  if (value >= 0 && value < (int64_t)1 << 33) {
    char digits[16];
    snprintf(digits, sizeof digits, "%011llo", (unsigned long long)value);
    memcpy(field, digits, 12);
    return;
  }
  memset(field, value < 0 ? 0xff : 0, 12);
  if (value >= 0) field[0] = (char)0x80;
  for (int at = 11; at > 3; at--, value >>= 8) field[at] = (char)(value & 0xff);
}

static void field(char *at, const char *text) { memcpy(at, text, strnlen(text, FIELD)); }

static void block(const struct header *header) {
  char bytes[BLOCK] = {0};
  field(bytes, header->name);
  snprintf(bytes + 100, 8, "%07o", header->mode & 0777);
  memcpy(bytes + 108, "0000000\0000000000", 16);
  number(bytes + 124, (int64_t)header->size);
  number(bytes + 136, header->mtime);
  bytes[156] = header->type;
  if (header->target != NULL) field(bytes + 157, header->target);
  memcpy(bytes + 257, "ustar  ", 8);
  memcpy(bytes + 265, "root", 4);
  memcpy(bytes + 297, "root", 4);
  /* The checksum counts its own field as spaces. */
  memset(bytes + 148, ' ', 8);
  unsigned sum = 0;
  for (size_t at = 0; at < BLOCK; at++) sum += (unsigned char)bytes[at];
  snprintf(bytes + 148, 8, "%06o", sum & 0777777);
  out_bytes(bytes, BLOCK);
}

/* GNU tar's way for a name that is too long: an entry before the one that has it. */
static void long_name(char type, const char *text) {
  size_t length = strlen(text) + 1;
  block(&(struct header){.name = "././@LongLink", .type = type, .mode = 0644, .size = length});
  out_bytes(text, length);
  out_padding(length);
}

void out_header(const struct header *header) {
  if (strlen(header->name) > FIELD) long_name('L', header->name);
  if (header->target != NULL && strlen(header->target) > FIELD) long_name('K', header->target);
  block(header);
}

void out_end(void) {
  out_zeros((uint64_t)2 * BLOCK);
  flush();
}
