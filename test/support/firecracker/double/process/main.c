/*
 * process: what is one process of a Firecracker that is really several programs. It has a program serve the API, and
 * becomes the QEMU that this asks for: whoever stops, measures or kills Firecracker does so to the machine itself.
 * Usage: process PROGRAM [ARGUMENT…]. The program has a pipe as file descriptor 3, to which it writes QEMU's command
 * line, each word with a NUL after it, and then closes it; descriptor 4 is the other end of QEMU's descriptor 3.
 * It is killed when this process ends, and if it ends before it has asked for a QEMU its status is this one's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORDER_FD 3
#define MONITOR_FD 4
#define QEMU_MONITOR_FD 3
#define ORDER_MAX 65536
#define WORDS_MAX 1024

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* To descriptors above those that are given out, so that none of these is overwritten by another. */
static int above(int fd) {
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
  if (moved < 0) fail("process: dup");
  close(fd);
  return moved;
}

static void serve(char **program, pid_t parent, int order, int monitor) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  if (dup2(order, ORDER_FD) < 0 || dup2(monitor, MONITOR_FD) < 0) fail("process: dup");
  execvp(program[0], program);
  fail(program[0]);
}

/* Returns the count of bytes that were written before the other end was closed. */
static size_t read_order(int fd, char *order) {
  size_t length = 0;
  for (;;) {
    ssize_t got = read(fd, order + length, ORDER_MAX - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("process: read");
    if (got == 0) return length;
    length += (size_t)got;
    if (length == ORDER_MAX) {
      errno = E2BIG;
      fail("process: the command line");
    }
  }
}

/* Ends as a child did. */
static void end_as(pid_t child) {
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) fail("process: wait");
  }
  if (WIFEXITED(status)) exit(WEXITSTATUS(status));
  signal(WTERMSIG(status), SIG_DFL);
  raise(WTERMSIG(status));
  exit(1);
}

int main(int argc, char **argv) {
  static char order[ORDER_MAX];
  static char *words[WORDS_MAX];
  int pipes[2], monitors[2];
  if (argc < 2) {
    fputs("usage: process PROGRAM [ARGUMENT…]\n", stderr);
    return 2;
  }
  if (pipe2(pipes, O_CLOEXEC) != 0) fail("process: pipe");
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitors) != 0) fail("process: socketpair");
  for (int i = 0; i < 2; i++) {
    pipes[i] = above(pipes[i]);
    monitors[i] = above(monitors[i]);
  }
  pid_t self = getpid(), child = fork();
  if (child < 0) fail("process: fork");
  if (child == 0) serve(argv + 1, self, pipes[1], monitors[1]);
  close(pipes[1]);
  close(monitors[1]);
  size_t length = read_order(pipes[0], order);
  if (length == 0 || order[length - 1] != '\0') end_as(child);
  int count = 0;
  for (char *word = order; word < order + length && count < WORDS_MAX - 1; word += strlen(word) + 1)
    words[count++] = word;
  if (dup2(monitors[0], QEMU_MONITOR_FD) < 0) fail("process: dup");
  execvp(words[0], words);
  fail(words[0]);
}
