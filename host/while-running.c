/*
 * while-running: executes PROGRAM, with MAINPID and nothing else in its environment, if the service that is being
 * stopped still runs. By variables such as NODE_OPTIONS, Node would load code or listen.
 *
 * systemd.service(5): ExecStop= is run also after the main process has ended by itself, and then without
 * $MAINPID. Node would take a tenth of a second to find that out, at the end of every VM. A shell cannot be
 * used: systemd 252 damages each `$` of a transient unit's commands when it reads its units anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char *pid = getenv("MAINPID");

  if (argc < 2) {
    fputs("usage: while-running PROGRAM [ARGUMENT]...\n", stderr);
    return 2;
  }
  if (!pid) return 0;
  if (!(pid = strdup(pid)) || clearenv() || setenv("MAINPID", pid, 1)) {
    perror("while-running");
    return 1;
  }
  execv(argv[1], argv + 1);
  perror(argv[1]);
  return 1;
}
