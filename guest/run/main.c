/* Runs a program for a session of ssh, and gives its status, or 128 plus the signal that ended it; ssh alone
 * tells of a signal only that there was one.
 *
 *   run NAME [-d DIRECTORY] [-E PARTS] [-e NAME=VALUE]... -- PROGRAM [ARGUMENT]...
 *
 * The first NAME is only there to find this run by. PARTS is how many variables.h has to read; -e is for what all may
 * see. The status is 125 if the directory cannot be entered, 127 if
 * there is no such program and 126 if it cannot be run, of which one line on stderr tells.
 * src/ssh/guest-script.ts does the same in a shell; this is what is quick in an emulated guest, where
 * starting one costs more than all the rest. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"
#include "variables.h"

#define OWN_FAILURE 125

static const int interrupts[] = {SIGINT, SIGQUIT};

static void go_on(int signal) { (void)signal; }

/* An interrupt is for the program, which may go on; we wait for it. Caught and not ignored, because a program
 * inherits what is ignored. What was ignored before stays so, as in a shell. */
static void handle_interrupts(void (*from)(int), void (*to)(int)) {
  for (size_t index = 0; index < sizeof interrupts / sizeof *interrupts; index++) {
    struct sigaction action;
    sigaction(interrupts[index], NULL, &action);
    if (action.sa_handler != from) continue;
    action.sa_handler = to;
    action.sa_flags = SA_RESTART;
    sigaction(interrupts[index], &action, NULL);
  }
}

/* In one write, so that it is not torn apart. */
static int fail(const char *what, int status) {
  char line[1024];
  int length = snprintf(line, sizeof line, "%.900s: %s\n", what, status == 127 ? "not found" : strerror(errno));
  ssize_t written = write(STDERR_FILENO, line, (size_t)length);
  (void)written;
  return status;
}

/* PWD is where a shell believes it is; one that is wrong it would correct, one by another way it keeps. */
static int enter(const char *directory) {
  if (chdir(directory) < 0) return -1;
  char *found = directory[0] == '/' && strstr(directory, "/.") == NULL ? strdup(directory) : getcwd(NULL, 0);
  if (found == NULL) return unsetenv("PWD");
  int result = setenv("PWD", found, 1);
  free(found);
  return result;
}

/* Gives what a shell would give for a program that ended so. */
static int run(char **program) {
  handle_interrupts(SIG_DFL, go_on);
  /* The child has our memory until it becomes the program. It changes nothing there that we use after it. */
  pid_t child = vfork();
  if (child == 0) {
    handle_interrupts(go_on, SIG_DFL);
    _exit(fail(program[0], launch(program)));
  }
  if (child < 0) return fail(program[0], OWN_FAILURE);
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail(program[0], OWN_FAILURE);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int usage(void) {
  fputs("usage: run NAME [-d DIRECTORY] [-E PARTS] [-e NAME=VALUE]... -- PROGRAM [ARGUMENT]...\n", stderr);
  return OWN_FAILURE;
}

static int lose_variables(void) {
  fputs("the variables for the command did not arrive whole; run it again\n", stderr);
  return OWN_FAILURE;
}

int main(int argc, char **argv) {
  const char *directory = NULL;
  int at = 2;
  for (; at + 1 < argc && strcmp(argv[at], "--") != 0; at += 2) {
    if (strcmp(argv[at], "-d") == 0)
      directory = argv[at + 1];
    else if (strcmp(argv[at], "-E") == 0) {
      if (take_variables(argv[at + 1]) < 0) return lose_variables();
    } else if (strcmp(argv[at], "-e") != 0 || strchr(argv[at + 1], '=') == NULL)
      return usage();
    else if (putenv(argv[at + 1]) != 0)
      return fail(argv[at + 1], OWN_FAILURE);
  }
  if (++at >= argc) return usage();
  if (directory != NULL && enter(directory) < 0) return fail(directory, OWN_FAILURE);
  return run(argv + at);
}
