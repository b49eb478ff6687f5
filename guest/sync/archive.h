#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <stddef.h>

#include "tree.h"

/* More than the host sends; an archive with more is damaged. */
#define ARCHIVE_ENTRIES_MAX 65536
#define ARCHIVE_BYTES_MAX (256u << 20)

/* Something that is to be in /root. */
struct entry {
  char *name;
  struct state state;
  /* Only there for what is in it: whatever its mode, and nobody's if it is there already. */
  bool parent;
  char *target;
  /* Where a file's content begins in the archive. */
  off_t data;
};

/* What the host sends (src/sync/files.ts), sorted by name, so that a directory comes before what is in it. */
struct archive {
  int fd;
  struct entry *entries;
  size_t count;
  /* Names that were left out on the host: what was written there and below stays. Sorted. */
  char **kept;
  size_t kept_count;
};

/* Reads an archive: ustar, with GNU tar's long names. Returns NULL, or what is wrong with it; then nothing of it
 * is to be used. Every entry that it returns has a good name, a parent that is a directory among the entries, and
 * a digest of content that is there to its last byte. */
const char *archive_read(struct archive *archive, int fd, off_t offset);

/* The entry of a name, or NULL. */
const struct entry *archive_find(const struct archive *archive, const char *name);

/* The directory that an entry is in, or NULL if that is /root itself. */
const struct entry *archive_parent(const struct archive *archive, const char *name);

/* Whether a name was left out on the host, is below one that was, or has one below it. */
bool archive_keeps(const struct archive *archive, const char *name);

/* Copies the content of a file. Returns false and errno if that did not work. */
bool archive_copy(const struct archive *archive, const struct entry *entry, int to);

void archive_free(struct archive *archive);

#endif
