#include "staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGING "new"
/* Each file is called by the number of its entry. */
#define NUMBER_BYTES 24

static void empty(int staging) {
  DIR *names = fdopendir(fcntl(staging, F_DUPFD_CLOEXEC, 0));
  if (names == NULL) return;
  rewinddir(names);
  for (const struct dirent *one; (one = readdir(names)) != NULL;) unlinkat(staging, one->d_name, 0);
  closedir(names);
}

int staging_open(int state) {
  if (mkdirat(state, STAGING, 0700) < 0 && errno != EEXIST) return -1;
  int staging = openat(state, STAGING, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (staging >= 0) empty(staging);
  return staging;
}

static const char *number(char text[NUMBER_BYTES], const struct archive *archive, const struct entry *entry) {
  snprintf(text, NUMBER_BYTES, "%zu", (size_t)(entry - archive->entries));
  return text;
}

bool staging_write(int staging, const struct archive *archive, const struct entry *entry) {
  char text[NUMBER_BYTES];
  const char *name = number(text, archive, entry);
  if (entry->state.kind == KIND_LINK) return symlinkat(entry->target, staging, name) == 0;
  int fd = openat(staging, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  bool whole = archive_copy(archive, entry, fd) && fchmod(fd, entry->state.mode) == 0;
  int error = errno;
  if (close(fd) < 0 && whole) return false;
  if (!whole) unlinkat(staging, name, 0);
  errno = error;
  return whole;
}

bool staging_move(int staging, const struct archive *archive, const struct entry *entry, int directory,
                  const char *leaf) {
  char text[NUMBER_BYTES];
  const char *name = number(text, archive, entry);
  if (renameat(staging, name, directory, leaf) == 0) return true;
  return errno == EISDIR && unlinkat(directory, leaf, AT_REMOVEDIR) == 0 &&
         renameat(staging, name, directory, leaf) == 0;
}

void staging_close(int staging, int state) {
  empty(staging);
  close(staging);
  unlinkat(state, STAGING, AT_REMOVEDIR);
}
