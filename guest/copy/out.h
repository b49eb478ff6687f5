#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Writes an archive to standard output. The process ends with status 3 if nobody takes it. */

struct header {
  const char *name;
  /* As in tar(5): 0 a file, 1 a hard link, 2 a symbolic link, 5 a directory. */
  char type;
  mode_t mode;
  uint64_t size;
  int64_t mtime;
  /* What a link leads to. */
  const char *target;
};

/* A header in GNU's format, of something that is root's; before it what does not fit. */
void out_header(const struct header *header);

void out_bytes(const void *bytes, size_t count);

void out_zeros(uint64_t count);

/* What fills the last block of contents of this size. */
void out_padding(uint64_t size);

/* Ends the archive. */
void out_end(void);
