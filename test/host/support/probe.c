/*
 * probe: tries what a program that has been taken over would try, and prints a line for each: its name and `granted`,
 * or the reason why not. Usage: probe NAME=PATH…, with the paths that the names below need.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int attempt(const char *path);

/* 0 or more is success; errno tells of a failure. */
static int reads(const char *path) { return open(path, O_RDONLY | O_CLOEXEC); }
static int writes(const char *path) { return open(path, O_WRONLY | O_CLOEXEC); }
static int makes(const char *path) { return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); }
static int makes_setuid(const char *path) { return chmod(path, 04700); }

static int connects(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};

  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

static int traces(const char *path) {
  (void)path;
  return (int)ptrace(PTRACE_TRACEME, 0, 0, 0);
}
static int changes_personality(const char *path) {
  (void)path;
  return personality(ADDR_NO_RANDOMIZE);
}
static int makes_uts_namespace(const char *path) {
  (void)path;
  return unshare(CLONE_NEWUSER | CLONE_NEWUTS);
}
static int makes_net_namespace(const char *path) {
  (void)path;
  return unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

static int reads_packets(const char *path) {
  if (makes_net_namespace(path) < 0) return -1;
  return socket(AF_PACKET, SOCK_RAW, 0);
}

/* The kernel refuses such a ring, but not before it has let us ask for one. */
static int asks_for_ring(const char *path) {
  (void)path;
  return syscall(SYS_io_uring_setup, 0, NULL) < 0 && errno == EPERM ? -1 : 0;
}

static int gains_privileges(const char *path) {
  (void)path;
  errno = EPERM;
  return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? 0 : -1;
}

static int dumps_core(const char *path) {
  struct rlimit limit;

  (void)path;
  getrlimit(RLIMIT_CORE, &limit);
  errno = EPERM;
  return limit.rlim_max > 0 ? 0 : -1;
}

/* getpid as 32-bit programs call it. */
static int calls_as_32_bit(const char *path) {
  long result;

  (void)path;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
  errno = (int)-result;
  return result > 0 ? 0 : -1;
}

static int inherits(const char *variable) {
  errno = ENOENT;
  return getenv(variable) ? 0 : -1;
}

static const struct {
  const char *name;
  attempt *try;
} attempts[] = {
    {"read", reads},
    {"write", writes},
    {"make", makes},
    {"setuid", makes_setuid},
    {"connect", connects},
    {"ptrace", traces},
    {"personality", changes_personality},
    {"uts-namespace", makes_uts_namespace},
    {"net-namespace", makes_net_namespace},
    {"packets", reads_packets},
    {"io-uring", asks_for_ring},
    {"privileges", gains_privileges},
    {"core", dumps_core},
    {"32-bit", calls_as_32_bit},
    {"environment", inherits},
};

static void run(const char *what, const char *path, attempt *try) {
  pid_t child = fork();
  int status;

  /* In a process of its own: what one attempt changes must not change the next. */
  if (child == 0) _exit(try(path) >= 0 ? 0 : errno);
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    dprintf(STDERR_FILENO, "%s: killed by signal %d\n", what, WTERMSIG(status));
  else if (WEXITSTATUS(status) == 0)
    dprintf(STDERR_FILENO, "%s: granted\n", what);
  else
    dprintf(STDERR_FILENO, "%s: %s\n", what, strerrorname_np(WEXITSTATUS(status)));
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *equals = strchr(argv[i], '=');
    size_t length = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);

    for (size_t k = 0; k < sizeof attempts / sizeof *attempts; k++)
      if (strlen(attempts[k].name) == length && strncmp(attempts[k].name, argv[i], length) == 0)
        run(argv[i], equals ? equals + 1 : "", attempts[k].try);
  }
  return 0;
}
