/* Fuzzes what guest/sync does with an archive and with a record.
 *
 *   fuzz RUNS SEED   mutated inputs, the same ones for the same seed; prints how many were good
 *
 * Built with the address and undefined behaviour sanitizers, which end it on the first fault; it ends itself
 * when one of the promises of archive.h or record.h does not hold. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive.h"
#include "record.h"

#define BLOCK 512
#define BLOCKS_MAX 64

static uint64_t state;
static unsigned long good_archives, good_records;

static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static size_t below(size_t limit) { return limit == 0 ? 0 : next_random() % limit; }

static void promise(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "broken promise: %s\n", what);
  abort();
}

static const char *const names[] = {
    "root/a", "root/a/b", "root/a/b/c", "root/d",    "root/d/",     "parents/a", "parents/a/", "parents/d",
    "kept/a", "kept/a/b", "kept/e",     "root/../x", "root/./x",    "root//x",   "root/x/..",  "/root/x",
    "root/",  "root",     "",           "other/x",   "root/\xff\n", "root/a-",   "kept/",
};

static void finish(char *header) {
  memset(header + 148, ' ', 8);
  unsigned sum = 0;
  for (int i = 0; i < BLOCK; i++) sum += (unsigned char)header[i];
  snprintf(header + 148, 8, "%06o", sum);
}

/* A header that is mostly right, with so much content behind it. Gives the number of blocks. */
static size_t add_entry(char *at, size_t room) {
  size_t size = below(3) == 0 ? below(3000) : 0;
  const char type = "0000025KLx"[below(10)];
  char long_name[5000];
  memset(long_name, 'n', sizeof long_name);
  if (type != '0' && type != 'K' && type != 'L') size = below(10) == 0 ? 1 : 0;
  if (type == 'K' || type == 'L') size = below(4) == 0 ? below(5000) : 7 + below(300);
  size_t blocks = 1 + (size + BLOCK - 1) / BLOCK;
  if (blocks > room) return 0;
  memset(at, 0, blocks * BLOCK);
  strcpy(at, names[below(below(3) == 0 ? sizeof names / sizeof names[0] : 11)]);
  snprintf(at + 100, 8, "%07o", (unsigned)(below(20) == 0 ? below(07777777) : below(01000)));
  snprintf(at + 124, 12, "%011o", (unsigned)(below(30) == 0 ? below(0x7fffffff) : size));
  at[156] = type;
  if (type == '2' || below(30) == 0) strcpy(at + 157, "target");
  memcpy(at + 257,
         "ustar\0"
         "00",
         8);
  finish(at);
  if (below(40) == 0) at[below(BLOCK)] ^= (char)(1 << below(8));
  if (type == 'K' || type == 'L') {
    memcpy(at + BLOCK, long_name, size);
    if (size > 5) memcpy(at + BLOCK, below(4) == 0 ? "kept/" : "root/", 5);
    if (size > 0 && below(10) != 0) at[BLOCK + size - 1] = '\0';
  }
  return blocks;
}

static void check_archive(int fd, off_t offset) {
  struct archive archive;
  if (archive_read(&archive, fd, offset) == NULL) {
    good_archives++;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < archive.count; i++) {
      const struct entry *entry = &archive.entries[i];
      promise(name_is_good(entry->name), "a name leads nowhere else");
      promise(i == 0 || strcmp(archive.entries[i - 1].name, entry->name) < 0, "entries are sorted, each there once");
      promise(archive_find(&archive, entry->name) == entry, "an entry is found");
      promise(entry->state.mode <= 0777, "a mode is permissions");
      promise((entry->state.kind == KIND_LINK) == (entry->target != NULL), "links have targets");
      const struct entry *parent = archive_parent(&archive, entry->name);
      promise(strchr(entry->name, '/') == NULL || (parent < entry && parent->state.kind == KIND_DIRECTORY),
              "a directory comes first");
      promise(entry->state.kind != KIND_FILE || archive_copy(&archive, entry, null),
              "content is there to its last byte");
    }
    for (size_t i = 0; i < archive.kept_count; i++) {
      promise(name_is_good(archive.kept[i]) && archive_keeps(&archive, archive.kept[i]), "what is kept is kept");
    }
    close(null);
  }
  archive_free(&archive);
}

static void fuzz_archive(void) {
  static char blocks[BLOCKS_MAX * BLOCK];
  size_t used = 0, count = below(8);
  for (size_t i = 0; i < count; i++) used += add_entry(blocks + used * BLOCK, BLOCKS_MAX - 2 - used);
  memset(blocks + used * BLOCK, 0, 2 * BLOCK);
  size_t length = (used + 2) * BLOCK;
  if (below(8) == 0) length = below(length + 1);
  for (size_t i = below(20) == 0 ? below(10) : 0; i > 0 && length > 0; i--) blocks[below(length)] = (char)next_random();
  int fd = memfd_create("archive", MFD_CLOEXEC);
  promise(write(fd, blocks, length) == (ssize_t)length, "the input is whole");
  check_archive(fd, below(10) == 0 ? (off_t)below(2 * length + 1) : 0);
  close(fd);
}

static size_t make_record(char *bytes) {
  static const char *const fields[] = {"w f 600 3 ", "a l 777 12 ", "w d 755 0 ",  "x f 600 3 ",
                                       "w s 600 3 ", "w f 9 3 ",    "w f 600 -1 ", "w  "};
  size_t length = (size_t)sprintf(bytes, "%s", below(20) == 0 ? "banger-file-sync 2\n" : "banger-file-sync 1\n");
  for (size_t i = below(6); i > 0; i--) {
    length +=
        (size_t)sprintf(bytes + length, "%s", fields[below(below(3) == 0 ? sizeof fields / sizeof fields[0] : 3)]);
    for (size_t j = below(20) == 0 ? below(64) : 64; j > 0; j--) bytes[length++] = "0123456789abcdef"[below(16)];
    length += (size_t)sprintf(bytes + length, " %s",
                              below(6) == 0 ? names[below(sizeof names / sizeof names[0])] : names[below(11)]);
    bytes[length++] = '\0';
  }
  for (size_t i = below(5) == 0 ? below(6) : 0; i > 0; i--) bytes[below(length)] = (char)next_random();
  return below(6) == 0 ? below(length + 1) : length;
}

static void fuzz_record(void) {
  char bytes[2000];
  size_t length = make_record(bytes);
  char *copy = malloc(length + 1);
  memcpy(copy, bytes, length);
  struct record record;
  if (record_parse(&record, copy, length) == NULL) {
    good_records++;
    for (size_t i = 0; i < record.count; i++) {
      size_t first, count = record_find(&record, record.lines[i].name, &first);
      promise(name_is_good(record.lines[i].name), "a name leads nowhere else");
      promise(count > 0 && first <= i && i < first + count, "a line is found");
    }
  } else
    promise(record.count == 0, "a damaged record is empty");
  record_free(&record);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  unsigned long runs = strtoul(argv[1], NULL, 10);
  /* The generator stands still at zero. */
  state = strtoull(argv[2], NULL, 10) * 2654435769u + 1;
  for (unsigned long i = 0; i < runs; i++) {
    fuzz_archive();
    fuzz_record();
  }
  printf("inputs=%lu seed=%s archives=%lu records=%lu\n", runs, argv[2], good_archives, good_records);
  return 0;
}
