#define _GNU_SOURCE
#include "binder.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "failure.h"
#include "privileges.h"
#include "title.h"

/* It binds and nothing else: if it takes longer, it is stopped. */
static const struct timeval patience = {.tv_sec = 2};

union fd_message {
  char space[CMSG_SPACE(sizeof(int))];
  struct cmsghdr header;
};

/* Answers with an errno and, if that is 0, a descriptor. */
static void answer(int socket, int error, int fd) {
  union fd_message control = {0};
  struct iovec body = {.iov_base = &error, .iov_len = sizeof error};
  struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};

  if (error == 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control.space;
    control.header =
        (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  }
  if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) _exit(0);
}

static _Noreturn void bind_for(int socket_in, pid_t vmm) {
  struct sockaddr_in address;

  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != vmm || dup2(socket_in, STDIN_FILENO) < 0 ||
      syscall(SYS_close_range, 3u, ~0u, 0u) < 0)
    _exit(0);
  give_up_privileges();
  while (recv(STDIN_FILENO, &address, sizeof address, 0) == sizeof address) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) error = errno;
    answer(STDIN_FILENO, error, fd);
    if (fd >= 0) close(fd);
  }
  _exit(0);
}

int binder_fork(const char *control) {
  int ends[2];
  pid_t vmm = getpid(), child;

  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    fail(FAIL_SYSTEM, "cannot make a pair of sockets");
  child = fork();
  if (child < 0) fail(FAIL_SYSTEM, "cannot start a process");
  if (child == 0) {
    title_set("ports", control);
    bind_for(ends[1], vmm);
  }
  close(ends[1]);
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return ends[0];
}

int binder_udp(int binder, struct sockaddr_in address, int *fd) {
  int error = 0;
  union fd_message control = {0};
  struct iovec body = {.iov_base = &error, .iov_len = sizeof error};
  struct msghdr message = {
      .msg_iov = &body, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};

  if (send(binder, &address, sizeof address, MSG_NOSIGNAL) < 0) return errno;
  if (recvmsg(binder, &message, MSG_CMSG_CLOEXEC) != sizeof error) return EIO;
  if (error) return error;
  if (message.msg_controllen < CMSG_LEN(sizeof *fd) || control.header.cmsg_type != SCM_RIGHTS) return EIO;
  memcpy(fd, CMSG_DATA(&control.header), sizeof *fd);
  return 0;
}
