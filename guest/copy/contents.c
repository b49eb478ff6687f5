/* Contents of files that others may write meanwhile: what arrives is what the file had at one moment. */
#include "contents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "out.h"
#include "say.h"

/* Up to here a file is held, so that nothing has been written if it changes. */
#define HELD_BYTES ((off_t)1 << 20)
/* The files of /proc do not tell their size; no more of one is held. */
#define UNSIZED_BYTES ((size_t)64 << 20)
#define STEP_BYTES ((size_t)64 << 10)
/* Changes that are closer together than the clock of the file system ticks have the same time. */
#define TICK_NS 20000000

static const char changed[] = "it changed while it was copied; copy it again when nothing writes to it";

struct digest {
  uint64_t value;
};

/* Each step is one to one, so that one word that differs is always seen. */
static void digest_add(struct digest *digest, const char *bytes, size_t count) {
  for (size_t at = 0; at < count; at += 8) {
    uint64_t word = 0;
    memcpy(&word, bytes + at, count - at < 8 ? count - at : 8);
    digest->value = (digest->value ^ word) * 0x9e3779b97f4a7c15u;
    digest->value ^= digest->value >> 29;
  }
}

#define WHERE_IT_IS ((off_t) - 1)

/* Less than asked for only at the end of the file. Files of /proc are the same only if they are read in order. */
static ssize_t read_fully(int fd, char *bytes, size_t count, off_t from) {
  size_t got = 0;
  while (got < count) {
    ssize_t part = from == WHERE_IT_IS ? read(fd, bytes + got, count - got)
                                       : pread(fd, bytes + got, count - got, from + (off_t)got);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return -1;
    if (part == 0) break;
    got += (size_t)part;
  }
  return (ssize_t)got;
}

static bool is_recent(struct timespec time) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  long long age = (now.tv_sec - time.tv_sec) * 1000000000LL + (now.tv_nsec - time.tv_nsec);
  return age < TICK_NS && age > -1000000000LL;
}

static bool is_same_time(struct timespec one, struct timespec other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

enum verdict { SAME, DOUBTFUL, CHANGED };

/* What the times and sizes tell. What may only have got a longer end or another name has to be read again. */
static enum verdict judge(int fd, const struct stat *before, bool recent) {
  struct stat after;
  if (fstat(fd, &after) < 0 || after.st_size < before->st_size) return CHANGED;
  if (after.st_size > before->st_size) return DOUBTFUL;
  if (!is_same_time(after.st_mtim, before->st_mtim)) return CHANGED;
  return is_same_time(after.st_ctim, before->st_ctim) && !recent ? SAME : DOUBTFUL;
}

/* Lets the clock of a file that was just written go on. Gives whether it is written all the time. */
static bool settle(int fd, struct stat *stats) {
  if (!is_recent(stats->st_ctim)) return false;
  nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
  return fstat(fd, stats) == 0 && is_recent(stats->st_ctim);
}

/* Reads a part again: what has not changed between two readings was there all the time between them. */
static bool reads_again(int fd, off_t size, uint64_t expected) {
  static char again[STEP_BYTES];
  struct digest digest = {0};
  for (off_t at = 0; at < size;) {
    size_t wanted = size - at < (off_t)sizeof again ? (size_t)(size - at) : sizeof again;
    if (read_fully(fd, again, wanted, at) != (ssize_t)wanted) return false;
    digest_add(&digest, again, wanted);
    at += (off_t)wanted;
  }
  return digest.value == expected;
}

static void put_header(const char *name, const struct stat *stats, uint64_t size) {
  out_header(&(struct header){
      .name = name, .type = '0', .mode = stats->st_mode, .size = size, .mtime = stats->st_mtim.tv_sec});
}

/* Reads all there is, or up to the size if there is one. Gives -1 for an error, of which it tells. */
static ssize_t hold(int fd, const char *name, off_t size, char **held) {
  static char *bytes;
  static size_t room;
  size_t got = 0;
  const size_t most = size > 0 ? (size_t)size : UNSIZED_BYTES + 1;
  for (;;) {
    size_t wanted = most - got < STEP_BYTES ? most - got : STEP_BYTES;
    if (room < got + wanted) {
      room = 2 * (got + wanted);
      char *more = realloc(bytes, room);
      if (more == NULL) {
        say_failure(name, "it cannot be read: ");
        return -1;
      }
      bytes = more;
    }
    ssize_t count = read_fully(fd, bytes + got, wanted, WHERE_IT_IS);
    if (count < 0) {
      say_failure(name, "it cannot be read: ");
      return -1;
    }
    got += (size_t)count;
    *held = bytes;
    if ((size_t)count < wanted || got == most) break;
  }
  if (got <= UNSIZED_BYTES) return (ssize_t)got;
  say_problem(name, "it does not tell its size, and is longer than 64 MiB");
  return -1;
}

static enum outcome pack_held(int fd, const char *name, struct stat *stats, bool recent) {
  char *held = NULL;
  ssize_t got = hold(fd, name, stats->st_size, &held);
  if (got < 0) return OUTCOME_ABSENT;
  enum verdict verdict = judge(fd, stats, recent);
  struct stat now = *stats;
  bool unsized = stats->st_size == 0 && fstat(fd, &now) == 0 && now.st_size == 0;
  /* A file that stayed as it is and has another length does not tell its size truly, as those of /sys. */
  size_t size = (size_t)(verdict == SAME || unsized ? got : stats->st_size);
  if (verdict == DOUBTFUL && !unsized) {
    struct digest digest = {0};
    for (size_t at = 0; (ssize_t)size <= got && at < size; at += STEP_BYTES)
      digest_add(&digest, held + at, size - at < STEP_BYTES ? size - at : STEP_BYTES);
    if (got < (ssize_t)size || !reads_again(fd, (off_t)size, digest.value)) verdict = CHANGED;
  }
  if (verdict == CHANGED) {
    say_problem(name, changed);
    return OUTCOME_ABSENT;
  }
  put_header(name, stats, size);
  out_bytes(held, size);
  out_padding(size);
  return OUTCOME_WHOLE;
}

static enum outcome pack_streamed(int fd, const char *name, struct stat *stats, bool recent) {
  static char bytes[STEP_BYTES];
  const off_t size = stats->st_size;
  struct digest digest = {0};
  put_header(name, stats, (uint64_t)size);
  off_t at = 0;
  ssize_t got = 0;
  while (at < size) {
    size_t wanted = size - at < (off_t)sizeof bytes ? (size_t)(size - at) : sizeof bytes;
    got = read_fully(fd, bytes, wanted, WHERE_IT_IS);
    if (got <= 0) break;
    digest_add(&digest, bytes, (size_t)got);
    out_bytes(bytes, (size_t)got);
    at += (off_t)got;
  }
  if (got < 0) say_failure(name, "it cannot be read: ");
  enum verdict verdict = judge(fd, stats, recent);
  if (at == size && verdict == DOUBTFUL) verdict = reads_again(fd, size, digest.value) ? SAME : CHANGED;
  out_zeros((uint64_t)(size - at));
  out_padding((uint64_t)size);
  if (at == size && verdict != CHANGED) return OUTCOME_WHOLE;
  if (got >= 0) say_problem(name, verdict == SAME ? "it is shorter than its size tells" : changed);
  return OUTCOME_VOID;
}

enum outcome contents_pack(int fd, const char *name, const struct stat *given) {
  struct stat stats = *given;
  bool recent = settle(fd, &stats);
  return stats.st_size > HELD_BYTES ? pack_streamed(fd, name, &stats, recent) : pack_held(fd, name, &stats, recent);
}
