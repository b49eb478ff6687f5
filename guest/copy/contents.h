#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* What became of the contents of a file. */
enum outcome {
  /* They are in the archive, and the file had them at some moment. */
  OUTCOME_WHOLE,
  /* Nothing of the file is in the archive. */
  OUTCOME_ABSENT,
  /* The archive has an entry of the file with contents that it never had. */
  OUTCOME_VOID,
};

/* Adds an open regular file to the archive, and tells of what went wrong. */
enum outcome contents_pack(int fd, const char *name, const struct stat *stats);
