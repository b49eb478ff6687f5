#ifndef STAGING_H
#define STAGING_H

#include "archive.h"

/* Opens an empty directory for files that are not yet at their place, on the file system of /root and outside of
 * it, so that no user ever sees half a file or what a cut-off start left. Returns -1 and errno. */
int staging_open(int state);

/* Writes the file or link of an entry there, with its mode. Returns false and errno. */
bool staging_write(int staging, const struct archive *archive, const struct entry *entry);

/* Puts it at its place, at once. A directory that is there goes if it is empty. Returns false and errno. */
bool staging_move(int staging, const struct archive *archive, const struct entry *entry, int directory,
                  const char *leaf);

/* Removes it with all that is still there. */
void staging_close(int staging, int state);

#endif
