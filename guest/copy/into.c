/* Writes standard input into a device or a named pipe that is there.
 *
 *   sync into FILE
 *
 * Nothing is made or replaced. The status is 1 if it was not all written, of which one line on standard error tells. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "kind.h"
#include "say.h"

/* So long may a reader do something else. */
#define PATIENCE_MS 60000

static bool write_all(int fd, const char *bytes, size_t count) {
  for (size_t at = 0; at < count;) {
    ssize_t part = write(fd, bytes + at, count - at);
    if (part >= 0) {
      at += (size_t)part;
    } else if (errno == EAGAIN) {
      if (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, PATIENCE_MS) > 0) continue;
      errno = ETIMEDOUT;
      return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

static int fill(int fd, const char *path) {
  static char bytes[65536];
  for (;;) {
    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      say_failure(path, "what is written into it cannot be read: ");
      return 1;
    }
    if (count == 0) return 0;
    if (write_all(fd, bytes, (size_t)count)) continue;
    if (errno == EPIPE)
      say_problem(path, "its reader did not take all");
    else if (errno == ETIMEDOUT)
      say_problem(path, "its reader takes nothing");
    else
      say_failure(path, "it cannot be written: ");
    return 1;
  }
}

int copy_into(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: sync into FILE\n", stderr);
    return 2;
  }
  const char *path = argv[1];
  signal(SIGPIPE, SIG_IGN);
  int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat stats;
  if (fd < 0 && errno == ENXIO && stat(path, &stats) == 0) {
    char what[100];
    const char *no_reader = S_ISFIFO(stats.st_mode) ? " that no program reads" : ", into which nothing can be written";
    snprintf(what, sizeof what, "it is %s%s", kind_name(stats.st_mode), no_reader);
    say_problem(path, what);
    return 1;
  }
  if (fd < 0 || fstat(fd, &stats) < 0) {
    say_failure(path, "it cannot be written: ");
    return 1;
  }
  if (S_ISREG(stats.st_mode)) {
    say_problem(path, "it was replaced while it was copied");
    return 1;
  }
  int status = fill(fd, path);
  /* Of a disk only this tells that it took all. */
  if (status == 0 && S_ISBLK(stats.st_mode) && fsync(fd) < 0) {
    say_failure(path, "it cannot be written: ");
    return 1;
  }
  return status;
}
