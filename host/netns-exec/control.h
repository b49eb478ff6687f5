/*
 * What can be changed of the namespace while the VMM runs: a process that stays beside the VMM, with no
 * capability but that of configuring this network, and takes orders on a socket of the host's file system.
 *
 * One order on each connection, a line: `nat on`, `nat off`, `deny 192.0.2.1/32`, `udp add 127.66.0.1:5000`,
 * `udp remove 5000` or `udp list`. The answer is a line too: `done`, with the ports of a list after it, or what
 * went wrong. It ends with the VMM, and does not obey it.
 */
#ifndef CONTROL_H
#define CONTROL_H

/* Binds the socket. To be called before the namespace is entered, since its path is the host's. */
int control_listen(const char *path);
/* Forks the process that serves it. path: of the socket; slirp_tap: the way out; binder: where sockets of the host are
 * had. */
void control_fork(int listener, const char *path, const char *slirp_tap, int binder);

#endif
