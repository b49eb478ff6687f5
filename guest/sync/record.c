#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LINE "banger-file-sync 1\n"
#define RECORD_BYTES_MAX (64u << 20)
/* Of a line, all but its name and the NUL after it. */
#define FIELDS "%c %c %03o %llu "

static const char kinds[] = {[KIND_FILE] = 'f', [KIND_LINK] = 'l', [KIND_DIRECTORY] = 'd'};

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct line *)a)->name, ((const struct line *)b)->name);
}

bool record_add(struct record *record, const char *name, const struct state *state, bool written) {
  if ((record->count & (record->count - 1)) == 0) {
    struct line *more = reallocarray(record->lines, record->count == 0 ? 1 : 2 * record->count, sizeof *more);
    if (more == NULL) return false;
    record->lines = more;
  }
  struct line line = {.name = strdup(name), .state = *state, .written = written};
  if (line.name == NULL) return false;
  record->lines[record->count++] = line;
  return true;
}

bool record_carry(struct record *record, const struct record *from, size_t first, size_t count) {
  for (size_t i = first; i < first + count; i++) {
    const struct line *line = &from->lines[i];
    if (!record_add(record, line->name, &line->state, line->written)) return false;
  }
  return true;
}

static bool parse_digest(const char *hex, uint8_t digest[SHA256_BYTES]) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < 2 * SHA256_BYTES; i++) {
    const char *digit = hex[i] == '\0' ? NULL : strchr(digits, hex[i]);
    if (digit == NULL) return false;
    digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | (digit - digits));
  }
  return true;
}

static bool parse_line(struct record *record, const char *line) {
  char written, kind;
  unsigned mode;
  unsigned long long size;
  int at = 0;
  struct state state = {.kind = KIND_NONE};
  if (sscanf(line, "%c %c %3o %19llu %n", &written, &kind, &mode, &size, &at) != 4 || at == 0) return false;
  if ((written != 'w' && written != 'a') || mode > 0777) return false;
  for (int i = KIND_FILE; i <= KIND_DIRECTORY; i++) {
    if (kinds[i] == kind) state.kind = (enum kind)i;
  }
  if (state.kind == KIND_NONE || !parse_digest(line + at, state.digest) || line[at + 2 * SHA256_BYTES] != ' ')
    return false;
  const char *name = line + at + 2 * SHA256_BYTES + 1;
  state.mode = mode;
  state.size = size;
  return name_is_good(name) && record_add(record, name, &state, written == 'w');
}

const char *record_parse(struct record *record, char *bytes, size_t length) {
  *record = (struct record){.bytes = bytes, .length = length};
  size_t first = strlen(FIRST_LINE);
  bool good =
      length >= first && memcmp(bytes, FIRST_LINE, first) == 0 && (length == first || bytes[length - 1] == '\0');
  for (size_t at = first; good && at < length; at += strlen(bytes + at) + 1) good = parse_line(record, bytes + at);
  if (!good) {
    record_free(record);
    return "it is damaged";
  }
  if (record->count > 0) qsort(record->lines, record->count, sizeof *record->lines, by_name);
  return NULL;
}

const char *record_read(struct record *record, int directory) {
  *record = (struct record){.count = 0};
  int fd = openat(directory, "record", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? NULL : strerror(errno);
  size_t length = 0, capacity = 4096;
  char *bytes = malloc(capacity);
  ssize_t count = 0;
  while (bytes != NULL && length < RECORD_BYTES_MAX && (count = read(fd, bytes + length, capacity - length)) > 0) {
    length += (size_t)count;
    if (length < capacity) continue;
    char *more = realloc(bytes, capacity *= 2);
    if (more == NULL) free(bytes);
    bytes = more;
  }
  close(fd);
  if (bytes != NULL && count == 0) return record_parse(record, bytes, length);
  free(bytes);
  return "it cannot be read";
}

size_t record_find(const struct record *record, const char *name, size_t *first) {
  size_t low = 0, high = record->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strcmp(record->lines[middle].name, name) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *first = low;
  while (high < record->count && strcmp(record->lines[high].name, name) == 0) high++;
  return high - low;
}

static bool print(struct record *record, FILE *file) {
  if (record->count > 0) qsort(record->lines, record->count, sizeof *record->lines, by_name);
  fputs(FIRST_LINE, file);
  for (size_t i = 0; i < record->count; i++) {
    const struct line *line = &record->lines[i];
    const struct state *state = &line->state;
    fprintf(file, FIELDS, line->written ? 'w' : 'a', kinds[state->kind], state->mode & 0777,
            (unsigned long long)state->size);
    for (int j = 0; j < SHA256_BYTES; j++) fprintf(file, "%02x", state->digest[j]);
    fprintf(file, " %s", line->name);
    fputc('\0', file);
  }
  return ferror(file) == 0;
}

static bool write_whole(int directory, const char *bytes, size_t length) {
  if (unlinkat(directory, "record.new", 0) < 0 && errno != ENOENT) return false;
  int fd = openat(directory, "record.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  size_t done = 0;
  ssize_t count = 0;
  while (done < length && (count = write(fd, bytes + done, length - done)) > 0) done += (size_t)count;
  bool whole = done == length && fsync(fd) == 0 && renameat(directory, "record.new", directory, "record") == 0;
  int error = errno;
  close(fd);
  if (!whole) unlinkat(directory, "record.new", 0);
  errno = error;
  return whole && fsync(directory) == 0;
}

bool record_write(struct record *record, int directory, const struct record *before) {
  if (record->count == 0) return unlinkat(directory, "record", 0) == 0 || errno == ENOENT;
  free(record->bytes);
  FILE *file = open_memstream(&record->bytes, &record->length);
  if (file == NULL) return false;
  bool printed = print(record, file);
  if (fclose(file) != 0 || !printed) return false;
  if (record->length > RECORD_BYTES_MAX) {
    errno = EFBIG;
    return false;
  }
  bool same = before->bytes != NULL && before->length == record->length &&
              memcmp(before->bytes, record->bytes, record->length) == 0;
  return same || write_whole(directory, record->bytes, record->length);
}

void record_free(struct record *record) {
  for (size_t i = 0; i < record->count; i++) free(record->lines[i].name);
  free(record->lines);
  free(record->bytes);
  *record = (struct record){.count = 0};
}
