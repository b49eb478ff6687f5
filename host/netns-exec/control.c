#define _GNU_SOURCE
#include "control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "binder.h"
#include "failure.h"
#include "privileges.h"
#include "relay.h"
#include "route.h"
#include "title.h"

#define ORDER_MAX 64
#define ANSWER_MAX (16 + 6 * RELAYS_MAX)

/* Who connects and says nothing keeps the others waiting no longer than this. */
static const struct timeval patience = {.tv_sec = 2};

int control_listen(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  mode_t mask = umask(0077);

  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  if (unlink(path) < 0 && errno != ENOENT) fail(FAIL_SYSTEM, "cannot replace %s", path);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0)
    fail(FAIL_SYSTEM, "cannot listen on %s", path);
  umask(mask);
  return fd;
}

/* Whether it is the VMM that asks: a guest that has broken out of it must not open its own way. */
static int is_vmm(int connection, pid_t vmm) {
  struct ucred peer;
  socklen_t size = sizeof peer;

  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.pid == vmm;
}

/* Reads a line without its end; gives 0 if none comes. */
static int read_order(int connection, char *order) {
  size_t length = 0;

  while (length < ORDER_MAX - 1) {
    ssize_t size = recv(connection, order + length, ORDER_MAX - 1 - length, 0);
    char *end;

    if (size <= 0) return 0;
    order[length + (size_t)size] = '\0';
    end = strchr(order + length, '\n');
    length += (size_t)size;
    if (end) {
      *end = '\0';
      return 1;
    }
  }
  return 0;
}

/* What the process works with. */
struct control {
  const char *slirp_tap;
  pid_t vmm;
  int binder;
};

static int add_relay(int binder, const char *address, unsigned short port) {
  struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd, error;

  if (port == 0 || inet_pton(AF_INET, address, &host.sin_addr) != 1) return EINVAL;
  if (relay_has(port)) return 0;
  error = binder_udp(binder, host, &fd);
  return error ? error : relay_add(fd, port);
}

static int obey_for_udp(const char *order, int binder) {
  char address[INET_ADDRSTRLEN];
  unsigned short port;

  if (sscanf(order, "udp add %15[0-9.]:%hu", address, &port) == 2) return add_relay(binder, address, port);
  if (sscanf(order, "udp remove %hu", &port) != 1) return EINVAL;
  relay_remove(port);
  return 0;
}

/* Gives 0, or an errno. */
static int obey(const char *order, const struct control *control) {
  const char *slirp_tap = control->slirp_tap;
  struct network network;

  if (strcmp(order, "nat on") == 0) return open_outside(slirp_tap);
  if (strcmp(order, "nat off") == 0) return close_outside(slirp_tap);
  if (strncmp(order, "deny ", 5) == 0 && parse_network(order + 5, &network)) return try_deny(network);
  if (strncmp(order, "udp ", 4) == 0) return obey_for_udp(order, control->binder);
  return EINVAL;
}

static void serve(int connection, const struct control *control) {
  char order[ORDER_MAX], ports[ANSWER_MAX - 8] = "", answer[ANSWER_MAX];
  int error = 0;

  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (is_vmm(connection, control->vmm) || !read_order(connection, order)) return;
  if (strcmp(order, "udp list") == 0)
    relay_list(ports, sizeof ports);
  else
    error = obey(order, control);
  snprintf(answer, sizeof answer, "%s%s\n", error ? strerror(error) : "done", ports);
  /* It may have gone away meanwhile. */
  (void)!send(connection, answer, strlen(answer), MSG_NOSIGNAL);
}

static void take_order(int listener, const struct control *control) {
  int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

  if (connection < 0) return;
  serve(connection, control);
  close(connection);
}

static _Noreturn void run(int listener, struct control control) {
  static struct pollfd fds[1 + RELAYS_MAX + FLOWS_MAX];

  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != control.vmm) _exit(0);
  /* Among the other descriptors is the one by which slirp4netns knows that the VMM lives. */
  if (dup2(listener, STDIN_FILENO) < 0 || dup2(control.binder, STDOUT_FILENO) < 0 ||
      syscall(SYS_close_range, 3u, ~0u, 0u) < 0)
    fail(FAIL_SYSTEM, "cannot close inherited descriptors");
  control.binder = STDOUT_FILENO;
  keep_network_privilege();
  for (;;) {
    nfds_t count = relay_fds(fds + 1);

    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(fds, count + 1, -1) < 0) continue;
    relay_run(fds + 1, count);
    if (fds[0].revents) take_order(STDIN_FILENO, &control);
  }
}

void control_fork(int listener, const char *path, const char *slirp_tap, int binder) {
  pid_t vmm = getpid(), child = fork();

  if (child < 0) fail(FAIL_SYSTEM, "cannot start a process");
  if (child == 0) {
    title_set("network", path);
    run(listener, (struct control){.slirp_tap = slirp_tap, .vmm = vmm, .binder = binder});
  }
  close(listener);
  close(binder);
}
