/*
 * Sockets of the host's network for a process that lives in the namespace: another one stays outside, binds
 * them and hands them in. It ends with the VMM.
 */
#ifndef BINDER_H
#define BINDER_H

#include <netinet/in.h>

/* Forks it. control: the socket of the VM's network, which names it. To be called in the host's network namespace.
 * Gives the descriptor by which it is asked. */
int binder_fork(const char *control);
/* Has a UDP socket bound and puts it in *fd, not blocking. Gives 0, or an errno. */
int binder_udp(int binder, struct sockaddr_in address, int *fd);

#endif
