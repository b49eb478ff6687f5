#include "archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tar.h"

bool archive_read_at(int fd, void *bytes, size_t length, off_t at) {
  char *to = bytes;
  while (length > 0) {
    ssize_t count = pread(fd, to, length, at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (count == 0) errno = EIO;
      return false;
    }
    to += count;
    at += count;
    length -= (size_t)count;
  }
  return true;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static const char *check_parents(const struct archive *archive) {
  for (size_t i = 0; i < archive->count; i++) {
    const char *name = archive->entries[i].name;
    if (i > 0 && strcmp(archive->entries[i - 1].name, name) == 0) return "a name that is there twice";
    if (strchr(name, '/') == NULL) continue;
    const struct entry *parent = archive_parent(archive, name);
    if (parent == NULL || parent->state.kind != KIND_DIRECTORY) return "an entry without its directory";
  }
  return NULL;
}

const char *archive_read(struct archive *archive, int fd, off_t offset) {
  *archive = (struct archive){.fd = fd};
  const char *wrong = tar_read(archive, offset);
  if (wrong != NULL) return wrong;
  if (archive->count > 0) qsort(archive->entries, archive->count, sizeof *archive->entries, by_name);
  if (archive->kept_count > 0) qsort(archive->kept, archive->kept_count, sizeof *archive->kept, by_text);
  return check_parents(archive);
}

const struct entry *archive_find(const struct archive *archive, const char *name) {
  struct entry wanted = {.name = (char *)(uintptr_t)name};
  if (archive->count == 0) return NULL;
  return bsearch(&wanted, archive->entries, archive->count, sizeof wanted, by_name);
}

const struct entry *archive_parent(const struct archive *archive, const char *name) {
  char parent[NAME_BYTES_MAX + 1];
  const char *slash = strrchr(name, '/');
  if (slash == NULL) return NULL;
  memcpy(parent, name, (size_t)(slash - name));
  parent[slash - name] = '\0';
  return archive_find(archive, parent);
}

bool archive_keeps(const struct archive *archive, const char *name) {
  size_t length = strlen(name), low = 0, high = archive->kept_count;
  /* What is below a name sorts behind the name with a slash, and before any other that is greater than that. */
  char path[NAME_BYTES_MAX + 2];
  memcpy(path, name, length);
  memcpy(path + length, "/", 2);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strcmp(archive->kept[middle], path) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  if (low < archive->kept_count && strncmp(archive->kept[low], path, length + 1) == 0) return true;
  for (char *slash; (slash = strrchr(path, '/')) != NULL;) {
    *slash = '\0';
    const char *wanted = path;
    if (archive->kept_count > 0 && bsearch(&wanted, archive->kept, archive->kept_count, sizeof wanted, by_text))
      return true;
  }
  return false;
}

bool archive_copy(const struct archive *archive, const struct entry *entry, int to) {
  static char buffer[65536];
  for (uint64_t done = 0; done < entry->state.size;) {
    uint64_t count = entry->state.size - done < sizeof buffer ? entry->state.size - done : sizeof buffer;
    if (!archive_read_at(archive->fd, buffer, count, entry->data + (off_t)done)) return false;
    for (uint64_t written = 0; written < count;) {
      ssize_t now = write(to, buffer + written, count - written);
      if (now < 0) return false;
      written += (uint64_t)now;
    }
    done += count;
  }
  return true;
}

void archive_free(struct archive *archive) {
  for (size_t i = 0; i < archive->count; i++) {
    free(archive->entries[i].name);
    free(archive->entries[i].target);
  }
  for (size_t i = 0; i < archive->kept_count; i++) free(archive->kept[i]);
  free(archive->entries);
  free(archive->kept);
}
