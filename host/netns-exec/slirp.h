/* slirp4netns(1): the way out of the namespace, as an ordinary process of the host's network. */
#ifndef SLIRP_H
#define SLIRP_H

#include <sys/types.h>

struct slirp {
  const char *program;
  const char *api_socket;
  const char *log; /* its output goes there; NULL: where ours goes */
  const char *tap; /* the device it makes in our namespace */
  pid_t pid;
  int go;    /* we write here once our namespace exists */
  int ready; /* it writes here when the tap is there */
};

/* Forks the process that will become slirp4netns. To be called in the host's network namespace. */
void slirp_fork(struct slirp *slirp);
/* Lets it enter our namespace and waits until its tap is there. */
void slirp_wait_ready(struct slirp *slirp, int timeout_ms);

#endif
