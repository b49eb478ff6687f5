#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool name_is_good(const char *name) {
  if (strlen(name) > NAME_BYTES_MAX) return false;
  for (const char *part = name;; part++) {
    size_t length = strcspn(part, "/");
    if (length == 0 || length > NAME_MAX) return false;
    if (strncmp(part, "..", length) == 0 && length <= 2) return false;
    part += length;
    if (*part == '\0') return true;
  }
}

int tree_parent(int root, const char *name, const char **leaf) {
  int directory = fcntl(root, F_DUPFD_CLOEXEC, 0);
  const char *slash;
  while (directory >= 0 && (slash = strchr(name, '/')) != NULL) {
    char part[NAME_MAX + 1];
    memcpy(part, name, (size_t)(slash - name));
    part[slash - name] = '\0';
    int next = openat(directory, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int error = errno;
    close(directory);
    errno = error;
    directory = next;
    name = slash + 1;
  }
  *leaf = name;
  return directory;
}

static bool look_at_link(int directory, const char *leaf, struct found *found) {
  char target[PATH_MAX + 1];
  ssize_t length = readlinkat(directory, leaf, target, sizeof target);
  if (length < 0) return false;
  struct sha256 hash;
  sha256_begin(&hash);
  sha256_add(&hash, target, (size_t)length);
  sha256_end(&hash, found->state.digest);
  found->digested = true;
  return true;
}

bool tree_look(int directory, const char *leaf, struct found *found) {
  *found = (struct found){.state.kind = KIND_NONE};
  struct stat stats;
  if (fstatat(directory, leaf, &stats, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT;
  found->state.mode = stats.st_mode & 07777;
  found->state.size = (uint64_t)stats.st_size;
  if (S_ISREG(stats.st_mode))
    found->state.kind = KIND_FILE;
  else if (S_ISLNK(stats.st_mode))
    found->state.kind = KIND_LINK;
  else if (S_ISDIR(stats.st_mode))
    found->state.kind = KIND_DIRECTORY;
  else
    found->state.kind = KIND_OTHER;
  return found->state.kind != KIND_LINK || look_at_link(directory, leaf, found);
}

static bool digest(int directory, const char *leaf, struct found *found) {
  if (found->digested || found->state.kind != KIND_FILE) return true;
  int fd = openat(directory, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  static char buffer[65536];
  struct sha256 hash;
  sha256_begin(&hash);
  ssize_t count;
  /* No more than it had: nothing else runs, and if it did, the digest would be another one. */
  uint64_t left = found->state.size + 1;
  while (left > 0 && (count = read(fd, buffer, left < sizeof buffer ? left : sizeof buffer)) > 0) {
    sha256_add(&hash, buffer, (size_t)count);
    left -= (uint64_t)count;
  }
  close(fd);
  sha256_end(&hash, found->state.digest);
  found->digested = true;
  return true;
}

bool tree_is(int directory, const char *leaf, struct found *found, const struct state *wanted) {
  if (found->state.kind != wanted->kind) return false;
  if (wanted->kind == KIND_DIRECTORY) return true;
  return found->state.size == wanted->size && digest(directory, leaf, found) &&
         memcmp(found->state.digest, wanted->digest, SHA256_BYTES) == 0;
}

bool tree_has(int root, const char *name, int directory, const char *leaf, struct found *found) {
  const char *other_leaf;
  int other = tree_parent(root, name, &other_leaf);
  if (other < 0) return false;
  struct found there;
  bool same = tree_look(other, other_leaf, &there) && there.state.size == found->state.size &&
              digest(other, other_leaf, &there) && tree_is(directory, leaf, found, &there.state);
  close(other);
  return same;
}

bool tree_chmod(int directory, const char *leaf, mode_t mode) {
  int fd = openat(directory, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  bool done = fchmod(fd, mode) == 0;
  close(fd);
  return done;
}
