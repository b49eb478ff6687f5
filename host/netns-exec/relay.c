#define _GNU_SOURCE
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "route.h"

/* So that one that floods does not keep the others waiting. */
#define BURST 32

struct relay {
  int fd; /* of the host; 0: this place is free */
  in_port_t port;
};

/* One client of a relay: the guest knows it by the port of this socket. */
struct flow {
  int fd; /* of the namespace; 0: this place is free */
  struct relay *relay;
  struct sockaddr_in client;
  unsigned long used;
};

static struct relay relays[RELAYS_MAX];
static struct flow flows[FLOWS_MAX];
static unsigned long now;

static struct relay *find_relay(in_port_t port) {
  for (int i = 0; i < RELAYS_MAX; i++)
    if (relays[i].fd && relays[i].port == port) return &relays[i];
  return NULL;
}

int relay_has(in_port_t port) { return find_relay(port) != NULL; }

int relay_add(int fd, in_port_t port) {
  for (int i = 0; i < RELAYS_MAX; i++) {
    if (relays[i].fd) continue;
    relays[i] = (struct relay){.fd = fd, .port = port};
    return 0;
  }
  close(fd);
  return ENOSPC;
}

static void end_flow(struct flow *flow) {
  close(flow->fd);
  flow->fd = 0;
}

void relay_remove(in_port_t port) {
  struct relay *relay = find_relay(port);

  if (!relay) return;
  for (int i = 0; i < FLOWS_MAX; i++)
    if (flows[i].fd && flows[i].relay == relay) end_flow(&flows[i]);
  close(relay->fd);
  relay->fd = 0;
}

void relay_list(char *text, size_t size) {
  *text = '\0';
  for (int i = 0; i < RELAYS_MAX; i++) {
    size_t length = strlen(text);

    if (relays[i].fd) snprintf(text + length, size - length, " %u", relays[i].port);
  }
}

static int open_flow(in_port_t port) {
  struct sockaddr_in ours = {.sin_family = AF_INET}, guest = ours;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  inet_pton(AF_INET, OUR_ADDRESS, &ours.sin_addr);
  inet_pton(AF_INET, GUEST_ADDRESS, &guest.sin_addr);
  guest.sin_port = htons(port);
  if (fd >= 0 && bind(fd, (struct sockaddr *)&ours, sizeof ours) == 0 &&
      connect(fd, (struct sockaddr *)&guest, sizeof guest) == 0)
    return fd;
  if (fd >= 0) close(fd);
  return -1;
}

/* The flow of a client; a new one takes the place of the one that was used longest ago. NULL if there is none. */
static struct flow *flow_of(struct relay *relay, struct sockaddr_in client) {
  struct flow *oldest = &flows[0];
  int fd;

  for (int i = 0; i < FLOWS_MAX; i++) {
    struct flow *flow = &flows[i];

    if (flow->fd && flow->relay == relay && flow->client.sin_port == client.sin_port &&
        flow->client.sin_addr.s_addr == client.sin_addr.s_addr)
      return flow;
    if (oldest->fd && (!flow->fd || flow->used < oldest->used)) oldest = flow;
  }
  fd = open_flow(relay->port);
  if (fd < 0) return NULL;
  if (oldest->fd) end_flow(oldest);
  *oldest = (struct flow){.fd = fd, .relay = relay, .client = client};
  return oldest;
}

/* What cannot be sent is lost, as datagrams may be. */
static void to_guest(struct relay *relay) {
  static char data[65536];

  for (int i = 0; i < BURST; i++) {
    struct sockaddr_in client;
    socklen_t size = sizeof client;
    ssize_t length = recvfrom(relay->fd, data, sizeof data, 0, (struct sockaddr *)&client, &size);
    struct flow *flow = length < 0 ? NULL : flow_of(relay, client);

    if (length < 0) return;
    if (!flow) continue;
    flow->used = ++now;
    (void)!send(flow->fd, data, (size_t)length, MSG_NOSIGNAL);
  }
}

static void to_client(struct flow *flow) {
  static char data[65536];

  for (int i = 0; i < BURST; i++) {
    ssize_t length = recv(flow->fd, data, sizeof data, 0);

    /* Also that nobody listens in the guest any more. */
    if (length < 0) return;
    flow->used = ++now;
    (void)!sendto(flow->relay->fd, data, (size_t)length, MSG_NOSIGNAL, (struct sockaddr *)&flow->client,
                  sizeof flow->client);
  }
}

nfds_t relay_fds(struct pollfd *fds) {
  nfds_t count = 0;

  for (int i = 0; i < RELAYS_MAX; i++)
    if (relays[i].fd) fds[count++] = (struct pollfd){.fd = relays[i].fd, .events = POLLIN};
  for (int i = 0; i < FLOWS_MAX; i++)
    if (flows[i].fd) fds[count++] = (struct pollfd){.fd = flows[i].fd, .events = POLLIN};
  return count;
}

static int is_ready(int fd, const struct pollfd *fds, nfds_t count) {
  for (nfds_t i = 0; i < count; i++)
    if (fds[i].fd == fd) return fds[i].revents != 0;
  return 0;
}

void relay_run(const struct pollfd *fds, nfds_t count) {
  for (int i = 0; i < FLOWS_MAX; i++)
    if (flows[i].fd && is_ready(flows[i].fd, fds, count)) to_client(&flows[i]);
  for (int i = 0; i < RELAYS_MAX; i++)
    if (relays[i].fd && is_ready(relays[i].fd, fds, count)) to_guest(&relays[i]);
}
