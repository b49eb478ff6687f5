#define _GNU_SOURCE
#include "slirp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"

static void make_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) < 0) fail(FAIL_SYSTEM, "cannot make a pipe");
}

static void keep_across_exec(int fd) {
  if (fcntl(fd, F_SETFD, 0) < 0) fail(FAIL_SYSTEM, "cannot pass on a descriptor");
}

static void log_to(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0) fail(FAIL_SLIRP, "cannot open %s", path);
  if (dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) fail(FAIL_SYSTEM, "cannot write to %s", path);
}

/*
 * slirp4netns's sandbox begins by making / private, which only a mount can be made; the root of a plain
 * chroot is none. There it has to do with its filter of system calls.
 */
static bool root_is_mount(void) {
  struct statx root;

  return statx(AT_FDCWD, "/", 0, STATX_TYPE, &root) == 0 && root.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

static _Noreturn void become_slirp(const struct slirp *slirp, pid_t parent, int go, int ready, int lifeline) {
  char ready_fd[16], exit_fd[16], target[16], byte;

  /* It ends with the VMM in two ways: the pipe that the VMM holds, and the death of its parent. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) _exit(FAIL_SLIRP);
  if (read(go, &byte, 1) != 1) _exit(FAIL_SLIRP);
  keep_across_exec(ready);
  keep_across_exec(lifeline);
  snprintf(ready_fd, sizeof ready_fd, "%d", ready);
  snprintf(exit_fd, sizeof exit_fd, "%d", lifeline);
  snprintf(target, sizeof target, "%d", parent);
  if (slirp->log) log_to(slirp->log);
  errno = 0;
  execl(slirp->program, slirp->program, "--disable-host-loopback", "--enable-seccomp",
        root_is_mount() ? "--enable-sandbox" : "--enable-seccomp", "--api-socket", slirp->api_socket, "--ready-fd",
        ready_fd, "--exit-fd", exit_fd, target, slirp->tap, (char *)NULL);
  fail(FAIL_SLIRP, "cannot execute %s", slirp->program);
}

void slirp_fork(struct slirp *slirp) {
  int go[2], ready[2], lifeline[2];
  pid_t parent = getpid();

  /* What an earlier one left behind; slirp4netns refuses to listen on a socket that is there. */
  if (unlink(slirp->api_socket) < 0 && errno != ENOENT) fail(FAIL_SLIRP, "cannot replace %s", slirp->api_socket);
  make_pipe(go);
  make_pipe(ready);
  make_pipe(lifeline);
  slirp->pid = fork();
  if (slirp->pid < 0) fail(FAIL_SYSTEM, "cannot start a process");
  if (slirp->pid == 0) {
    close(go[1]);
    close(ready[0]);
    close(lifeline[1]);
    become_slirp(slirp, parent, go[0], ready[1], lifeline[0]);
  }
  close(go[0]);
  close(ready[1]);
  close(lifeline[0]);
  slirp->go = go[1];
  slirp->ready = ready[0];
  /* The VMM inherits our end and never touches it. */
  keep_across_exec(lifeline[1]);
}

void slirp_wait_ready(struct slirp *slirp, int timeout_ms) {
  struct pollfd wait = {.fd = slirp->ready, .events = POLLIN};
  char byte = 1;
  int answer, status;

  signal(SIGPIPE, SIG_IGN);
  if (write(slirp->go, &byte, 1) != 1) fail(FAIL_SLIRP, "slirp4netns ended before it began");
  signal(SIGPIPE, SIG_DFL);
  close(slirp->go);
  do {
    answer = poll(&wait, 1, timeout_ms);
  } while (answer < 0 && errno == EINTR);
  if (answer == 0) {
    kill(slirp->pid, SIGKILL);
    errno = 0;
    fail(FAIL_SLIRP_LATE, "slirp4netns was not ready within %d ms", timeout_ms);
  }
  if (answer < 0 || read(slirp->ready, &byte, 1) != 1) {
    kill(slirp->pid, SIGKILL);
    waitpid(slirp->pid, &status, 0);
    errno = 0;
    fail(FAIL_SLIRP, "slirp4netns failed with status %d%s%s",
         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), slirp->log ? "; see " : "",
         slirp->log ? slirp->log : "");
  }
  close(slirp->ready);
}
