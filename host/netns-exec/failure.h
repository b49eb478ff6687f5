/* How netns-exec fails: one line on stderr and a status that tells what could not be had. */
#ifndef FAILURE_H
#define FAILURE_H

/* The statuses are a contract with src/network/enclosure.ts. */
enum failure {
  FAIL_USAGE = 64,
  FAIL_SYSTEM = 71,     /* pipes, processes */
  FAIL_NAMESPACE = 80,  /* no user or network namespace */
  FAIL_ROUTES = 81,     /* no address, route or forwarding in the namespace */
  FAIL_TAP = 82,        /* no /dev/net/tun, or no tap */
  FAIL_SLIRP = 83,      /* slirp4netns did not start */
  FAIL_SLIRP_LATE = 84, /* slirp4netns was not ready in time */
  FAIL_PRIVILEGES = 85, /* capabilities could not be given up */
  FAIL_PROGRAM = 86,    /* PROGRAM could not be executed */
};

/* Prints `netns-exec: <message>` and, if errno is set, its meaning; ends with the status. */
_Noreturn void fail(enum failure status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
