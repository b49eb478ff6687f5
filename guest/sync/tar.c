#include "tar.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 512

/* A header of POSIX 1003.1 "ustar"; fields that are not looked at have no name. */
struct header {
  char name[100], mode[8], ids[16], size[12], time[12], sum[8], type, target[100], magic[6], rest[249];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

/* What is known of the entry whose header is still to come, and where the next header is. */
struct reading {
  off_t at;
  uint64_t bytes;
  char *long_name, *long_target;
};

static bool octal(const char *field, size_t length, uint64_t *value) {
  size_t i = 0;
  for (*value = 0; i < length && field[i] >= '0' && field[i] <= '7'; i++)
    *value = *value * 8 + (uint64_t)(field[i] - '0');
  return i > 0 && i < length && (field[i] == '\0' || field[i] == ' ');
}

static bool sum_is_right(const struct header *header) {
  uint64_t stated, sum = 0;
  const unsigned char *bytes = (const unsigned char *)header;
  for (size_t i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? ' ' : bytes[i];
  return octal(header->sum, sizeof header->sum, &stated) && stated == sum;
}

static bool is_zero(const struct header *header) {
  const char *bytes = (const char *)header;
  for (size_t i = 0; i < BLOCK; i++) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

/* A name or target that is too long for its field stands in the content of an entry of its own. */
static const char *read_long(int fd, struct reading *reading, char **into, uint64_t size) {
  if (*into != NULL || size < 2 || size > NAME_BYTES_MAX + 1) return "a long name that is none";
  *into = malloc(size);
  if (*into == NULL) return "no memory";
  if (!archive_read_at(fd, *into, size, reading->at)) return "cut off in a name";
  if (strnlen(*into, size) != size - 1) return "a long name that is none";
  return NULL;
}

static const char *digest_content(int fd, struct entry *entry) {
  static char buffer[65536];
  struct sha256 hash;
  sha256_begin(&hash);
  for (uint64_t done = 0; done < entry->state.size;) {
    uint64_t count = entry->state.size - done < sizeof buffer ? entry->state.size - done : sizeof buffer;
    if (!archive_read_at(fd, buffer, count, entry->data + (off_t)done)) return "cut off in a file";
    sha256_add(&hash, buffer, count);
    done += count;
  }
  sha256_end(&hash, entry->state.digest);
  return NULL;
}

/* Makes room for one more in a list that doubles. */
static bool make_room(void *list, size_t count, size_t size) {
  void **at = list;
  if ((count & (count - 1)) != 0) return true;
  void *more = reallocarray(*at, count == 0 ? 1 : 2 * count, size);
  if (more == NULL) return false;
  *at = more;
  return true;
}

static const char *add_entry(struct archive *archive, const char *name, const struct entry *entry) {
  if (!make_room(&archive->entries, archive->count, sizeof *archive->entries)) return "no memory";
  struct entry *added = &archive->entries[archive->count];
  *added = *entry;
  added->name = strdup(name);
  added->target = entry->target == NULL ? NULL : strdup(entry->target);
  archive->count++;
  if (added->name == NULL || (entry->target != NULL && added->target == NULL)) return "no memory";
  if (added->state.kind == KIND_FILE) return digest_content(archive->fd, added);
  struct sha256 hash;
  sha256_begin(&hash);
  if (added->target != NULL) {
    added->state.size = strlen(added->target);
    sha256_add(&hash, added->target, added->state.size);
  }
  sha256_end(&hash, added->state.digest);
  return NULL;
}

/* The first part of a name says what is meant with it. */
static const char *sort_in(struct archive *archive, char *name, struct entry *entry) {
  size_t length = strlen(name);
  if (entry->state.kind == KIND_DIRECTORY && length > 0 && name[length - 1] == '/') name[length - 1] = '\0';
  char *slash = strchr(name, '/');
  if (slash == NULL || !name_is_good(slash + 1)) return "a name that is none";
  if (archive->count + archive->kept_count >= ARCHIVE_ENTRIES_MAX) return "too many entries";
  size_t section = (size_t)(slash - name);
  if (section == 4 && memcmp(name, "root", 4) == 0) return add_entry(archive, slash + 1, entry);
  if (section == 7 && memcmp(name, "parents", 7) == 0 && entry->state.kind == KIND_DIRECTORY) {
    entry->parent = true;
    return add_entry(archive, slash + 1, entry);
  }
  if (section != 4 || memcmp(name, "kept", 4) != 0 || entry->state.size > 0) return "an entry of no known use";
  if (!make_room(&archive->kept, archive->kept_count, sizeof *archive->kept)) return "no memory";
  archive->kept[archive->kept_count] = strdup(slash + 1);
  return archive->kept[archive->kept_count++] == NULL ? "no memory" : NULL;
}

static const char *read_entry(struct archive *archive, struct reading *reading, const struct header *header,
                              uint64_t size) {
  char name[NAME_BYTES_MAX + 1] = "", target[NAME_BYTES_MAX + 1] = "";
  if (reading->long_name != NULL)
    strcpy(name, reading->long_name);
  else
    memcpy(name, header->name, sizeof header->name);
  if (reading->long_target != NULL)
    strcpy(target, reading->long_target);
  else
    memcpy(target, header->target, sizeof header->target);
  uint64_t mode;
  if (!octal(header->mode, sizeof header->mode, &mode) || mode > 0777) return "a mode that is none";
  struct entry entry = {.state = {.mode = (mode_t)mode, .size = size}, .data = reading->at};
  if (header->type == '0')
    entry.state.kind = KIND_FILE;
  else if (header->type == '5')
    entry.state.kind = KIND_DIRECTORY;
  else if (header->type == '2')
    entry.state.kind = KIND_LINK;
  else
    return "an entry of no known kind";
  if (entry.state.kind != KIND_FILE && size > 0) return "content where none can be";
  if ((entry.state.kind == KIND_LINK) != (target[0] != '\0')) return "a target that is none";
  if (entry.state.kind == KIND_LINK) entry.target = target;
  return sort_in(archive, name, &entry);
}

/* Reads up to the two blocks of zeros that end an archive. */
static const char *read_all(struct archive *archive, struct reading *reading) {
  for (bool zero = false;;) {
    struct header header;
    if (!archive_read_at(archive->fd, &header, sizeof header, reading->at)) return "cut off";
    reading->at += BLOCK;
    bool pending = reading->long_name != NULL || reading->long_target != NULL;
    if (is_zero(&header)) {
      if (pending) return "a long name of nothing";
      if (zero) return NULL;
      zero = true;
      continue;
    }
    uint64_t size;
    if (zero || !sum_is_right(&header) || memcmp(header.magic, "ustar", 6) != 0) return "a header that is none";
    if (!octal(header.size, sizeof header.size, &size)) return "a size that is none";
    reading->bytes += size + BLOCK;
    if (size > ARCHIVE_BYTES_MAX || reading->bytes > ARCHIVE_BYTES_MAX) return "too much";
    const char *wrong;
    if (header.type == 'L')
      wrong = read_long(archive->fd, reading, &reading->long_name, size);
    else if (header.type == 'K')
      wrong = read_long(archive->fd, reading, &reading->long_target, size);
    else {
      wrong = read_entry(archive, reading, &header, size);
      free(reading->long_name);
      free(reading->long_target);
      reading->long_name = reading->long_target = NULL;
    }
    if (wrong != NULL) return wrong;
    reading->at += (off_t)((size + BLOCK - 1) / BLOCK * BLOCK);
  }
}

const char *tar_read(struct archive *archive, off_t offset) {
  struct reading reading = {.at = offset};
  const char *wrong = read_all(archive, &reading);
  free(reading.long_name);
  free(reading.long_target);
  return wrong;
}
