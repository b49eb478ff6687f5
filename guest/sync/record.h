#ifndef RECORD_H
#define RECORD_H

#include <stddef.h>

#include "tree.h"

/* What banger knows of a name below /root from the starts before this one. */
struct line {
  char *name;
  struct state state;
  /* banger wrote it; otherwise it was found to be the same as on the host. */
  bool written;
};

/* Sorted by name. A start that was cut off leaves two lines for a name: what was there, and what was to be. */
struct record {
  struct line *lines;
  size_t count;
  /* The bytes it was read from, so that the same ones need not be written again. */
  char *bytes;
  size_t length;
};

/* Reads the record in a directory. No record is an empty one. Returns NULL or what is wrong with it; then it is
 * empty, and all that stands in the guest counts as the user's. */
const char *record_read(struct record *record, int directory);

/* Understands the bytes of a record, of which it takes possession. Returns as `record_read`. */
const char *record_parse(struct record *record, char *bytes, size_t length);

/* The lines of a name: where they begin and how many they are. */
size_t record_find(const struct record *record, const char *name, size_t *first);

/* Adds a line to a record that is being made. Returns false and errno without memory. */
bool record_add(struct record *record, const char *name, const struct state *state, bool written);

/* Adds lines of another record. */
bool record_carry(struct record *record, const struct record *from, size_t first, size_t count);

/* Puts a record in the place of the one that was read, at once and so that it outlives a power failure; the
 * record without lines is no file. Returns false and errno if that did not work. */
bool record_write(struct record *record, int directory, const struct record *before);

void record_free(struct record *record);

#endif
