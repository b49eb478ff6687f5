/* banger's guest agent: answers the host, as docs/agent.md says.
 *
 * Started without arguments by the guest's init, before anything else, and left running. A small
 * parent starts one process per channel, and again when it ends, so that neither a fault nor a slow
 * answer on one channel touches the other. Where there is a vsock, it starts one that listens there. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "files.h"
#include "virtio.h"
#include "vsock.h"

/* Where the agent listens on a vsock; src/vmm/firecracker/driver.ts. */
#define VSOCK_PORT 1024

struct worker {
  /* The name of a virtio-serial port; without it a vsock. */
  const char *port;
  bool control;
  bool query;
  pid_t pid;
};

static struct worker of_ports[] = {
    {.port = "org.banger.control", .control = true},
    {.port = "org.banger.query", .query = true},
};
static struct worker of_vsock[] = {{.port = NULL}};

static void start(struct worker *worker) {
  pid_t parent = getpid();
  worker->pid = fork();
  if (worker->pid != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  if (worker->port == NULL) {
    vsock_serve(VSOCK_PORT);
    _exit(1);
  }
  int fd = virtio_open(worker->port);
  channel_serve(&(struct channel){
      .in = fd, .out = fd, .port = true, .control = worker->control, .query = worker->query, .grow = worker->query});
  _exit(1);
}

static void detach(void) {
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; null >= 0 && fd < 3; fd++) dup2(null, fd);
  if (null > 2) close(null);
  setsid();
  umask(077);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_NAME, "banger-agent");
  write_file("/proc/self/oom_score_adj", "-1000");
}

/* Signals keep their default actions: whoever ends all processes at shutdown ends this one at once,
 * and its children with it. */
static int supervise(void) {
  detach();
  if (chdir("/") != 0) return 1;
  struct worker *workers = vsock_present() ? of_vsock : of_ports;
  size_t count = workers == of_vsock ? 1 : sizeof of_ports / sizeof of_ports[0];
  for (size_t i = 0; i < count; i++) start(&workers[i]);
  for (;;) {
    pid_t ended = wait(NULL);
    /* Neither a fault that comes back at once nor a failing fork may take the processor. */
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    for (size_t i = 0; i < count; i++) {
      if (workers[i].pid == ended || workers[i].pid < 0) start(&workers[i]);
    }
  }
}

/* For tests and for looking at the protocol by hand: one channel on standard input and output, on
 * which the requests that change the system are refused. */
static int serve_stdio(void) {
  signal(SIGPIPE, SIG_IGN);
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
  channel_serve(&(struct channel){.in = STDIN_FILENO, .out = STDOUT_FILENO, .query = true});
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 1) return supervise();
  if (argc == 2 && strcmp(argv[1], "--stdio") == 0) return serve_stdio();
  fprintf(stderr, "usage: agent [--stdio]\n");
  return 2;
}
