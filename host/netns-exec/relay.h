/*
 * UDP forwards. slirp4netns forwards UDP too, but with --disable-host-loopback it refuses what the guest
 * answers to a client on the host's loopback.
 */
#ifndef RELAY_H
#define RELAY_H

#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>

#define RELAYS_MAX 64
#define FLOWS_MAX 256

/* Relays what arrives at a socket of the host, which becomes ours, to a port of the guest. Gives 0, or an errno. */
int relay_add(int fd, in_port_t port);
/* Ends the relay of a port and closes its sockets; does nothing if there is none. */
void relay_remove(in_port_t port);
int relay_has(in_port_t port);
/* Writes the ports, each after a blank. */
void relay_list(char *text, size_t size);
/* What relays wait for. Gives how many there are, RELAYS_MAX + FLOWS_MAX at most. */
nfds_t relay_fds(struct pollfd *fds);
/* Passes on what has arrived. */
void relay_run(const struct pollfd *fds, nfds_t count);

#endif
