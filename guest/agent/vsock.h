#ifndef VSOCK_H
#define VSOCK_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether this machine has a vsock, by which the host connects to the agent. */
bool vsock_present(void);

/* Answers the host on a port, each connection in a process of its own. Returns only on failure. */
void vsock_serve(unsigned port);

/* Whether a peer's address is the host's, the only one that is answered. */
bool vsock_is_host(const struct sockaddr *peer, socklen_t length);

/* Answers on each connection that a listener accepts, if `allowed` says so of its peer's address. Returns
 * only on failure. */
void vsock_serve_listener(int listener, bool (*allowed)(const struct sockaddr *peer, socklen_t length));

#endif
