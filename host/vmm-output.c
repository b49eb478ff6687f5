/*
 * vmm-output: executes PROGRAM, a VMM.
 *
 * What PROGRAM says goes through a pipe to our standard error: a guest that makes PROGRAM complain without end
 * fills no disk, and as /proc/self/fd/2 it can be opened as a file also by who would not append. The standard
 * output of a VMM that has its guest's serial console there goes to the end of CONSOLE, which is cut from time to
 * time, so it has to be appended. A CONSOLE of - stands for none: both outputs are what PROGRAM says.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What was said last counts. */
static const off_t log_max = 1024 * 1024;

static void fail(const char *what) {
  fprintf(stderr, "vmm-output: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* A file that has grown too long begins anew; anything else takes what it can. */
static void bound_log(void) {
  off_t size = lseek(STDERR_FILENO, 0, SEEK_END);

  if (size > log_max && ftruncate(STDERR_FILENO, 0) < 0) _exit(1);
}

static void write_all(const char *bytes, ssize_t count) {
  while (count > 0) {
    ssize_t written = write(STDERR_FILENO, bytes, (size_t)count);

    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    count -= written;
  }
}

/* Who lists processes is to find a VM's command line once. */
static void forget_program(int argc, char **argv) {
  for (int i = 2; i < argc; i++) memset(argv[i], 0, strlen(argv[i]));
}

static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};

/* Holds back what ends others with PROGRAM, which may have ended before the copier is first run. Gives the mask before.
 */
static sigset_t hold_back(void) {
  sigset_t set, former;

  sigemptyset(&set);
  for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) sigaddset(&set, ignored[i]);
  sigprocmask(SIG_BLOCK, &set, &former);
  return former;
}

/* Copies until PROGRAM has ended, whatever its supervisor tells the others to do. */
static void copy_log(int from) {
  char bytes[4096];
  ssize_t count;

  for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) signal(ignored[i], SIG_IGN);
  while ((count = read(from, bytes, sizeof(bytes))) > 0 || (count < 0 && errno == EINTR)) {
    bound_log();
    write_all(bytes, count);
  }
  _exit(0);
}

int main(int argc, char **argv) {
  int console, log[2];
  pid_t copier;
  sigset_t former;

  if (argc < 3) {
    fputs("usage: vmm-output CONSOLE PROGRAM [ARGUMENT]...\n", stderr);
    return 2;
  }
  if (pipe2(log, O_CLOEXEC) < 0) fail("no pipe");
  if (strcmp(argv[1], "-") == 0)
    console = log[1];
  else
    console = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (console < 0) fail(argv[1]);
  former = hold_back();
  copier = fork();
  if (copier < 0) fail("no process");
  if (copier == 0) {
    close(log[1]);
    if (console != log[1]) close(console);
    forget_program(argc, argv);
    copy_log(log[0]);
  }
  sigprocmask(SIG_SETMASK, &former, NULL);
  if (dup2(console, STDOUT_FILENO) < 0 || dup2(log[1], STDERR_FILENO) < 0) fail("no descriptor");
  execv(argv[2], argv + 2);
  fail(argv[2]);
}
