#ifndef TAR_H
#define TAR_H

#include "archive.h"

/* Reads the entries of an archive in the order in which they are in it, and checks each for itself. Returns NULL
 * or what is wrong. */
const char *tar_read(struct archive *archive, off_t offset);

/* Reads so many bytes of a drive. Returns false and errno if they are not there. */
bool archive_read_at(int fd, void *bytes, size_t length, off_t at);

#endif
