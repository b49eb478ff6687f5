/*
 * vsock: the vsock device of a QEMU, reached by a host as Firecracker's is: `CONNECT <port>\n` on a unix socket is
 * answered with `OK <port>\n`, or with the end of the connection where nothing listens in the guest.
 * Usage: vsock PATH CID NAME. It listens on PATH for hosts and on the abstract socket NAME for QEMU, writes a line when
 * it does, and ends with QEMU. The packets are those of the virtio specification, 5.10.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/virtio_vsock.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vhost.h"

#define HOST_CID 2
#define CONNECTIONS_MAX 64
/* How much a guest may send before it is told that some of it was read. */
#define BUFFER (256 * 1024)
#define REQUEST_TIMEOUT_MS 2000
#define TICK_MS 100
#define BOTH (VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND)

enum state { FREE, GREETING, REQUESTED, OPEN };

/* What is to be told to the guest as soon as it has room, the most urgent first. */
enum { SEND_REQUEST = 1, SEND_SHUTDOWN = 2, SEND_CREDIT = 4, SEND_RST = 8 };

static struct connection {
  enum state state;
  int fd;
  uint32_t host_port, guest_port;
  int64_t since;
  unsigned send;
  bool host_ended, guest_ended;
  char greeting[32];
  size_t greeted;
  uint32_t room, read_by_guest, sent, passed_on, told;
  size_t waiting;
  uint8_t buffer[BUFFER];
} connections[CONNECTIONS_MAX];

static uint64_t guest_cid;
static uint32_t last_port = 1u << 30;

static int64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void copy(const struct chain *chain, size_t offset, void *data, size_t length, bool to_guest) {
  uint8_t *bytes = data;
  for (size_t i = 0; i < chain->pieces && length > 0; i++) {
    size_t size = chain->piece[i].length;
    if (offset >= size) {
      offset -= size;
      continue;
    }
    size_t part = size - offset < length ? size - offset : length;
    uint8_t *there = chain->piece[i].data + offset;
    memcpy(to_guest ? there : bytes, to_guest ? bytes : there, part);
    bytes += part;
    length -= part;
    offset = 0;
  }
}

/* Puts a packet into the guest's next buffer, which must be there. */
static void put(struct connection *connection, uint16_t op, uint32_t flags, const void *data, uint32_t length) {
  struct chain chain;
  if (!vhost_next(TO_GUEST, &chain)) return;
  struct virtio_vsock_hdr header = {
      .src_cid = HOST_CID,
      .dst_cid = guest_cid,
      .src_port = connection->host_port,
      .dst_port = connection->guest_port,
      .len = length,
      .type = VIRTIO_VSOCK_TYPE_STREAM,
      .op = op,
      .flags = flags,
      .buf_alloc = BUFFER,
      .fwd_cnt = connection->passed_on,
  };
  connection->told = connection->passed_on;
  copy(&chain, 0, &header, sizeof header, true);
  if (length > 0) copy(&chain, sizeof header, (void *)data, length, true);
  vhost_done(TO_GUEST, &chain, (uint32_t)sizeof header + length);
}

static void end(struct connection *connection) {
  if (connection->fd >= 0) close(connection->fd);
  connection->state = FREE;
}

/* Sends what the guest is to be told and has room for. Returns false if it has no room. */
static bool tell(struct connection *connection) {
  struct chain chain;
  while (connection->send != 0) {
    if (!vhost_next(TO_GUEST, &chain)) return false;
    if (connection->send & SEND_RST) {
      put(connection, VIRTIO_VSOCK_OP_RST, 0, NULL, 0);
      connection->send = 0;
      end(connection);
    } else if (connection->send & SEND_REQUEST) {
      put(connection, VIRTIO_VSOCK_OP_REQUEST, 0, NULL, 0);
      connection->send &= ~(unsigned)SEND_REQUEST;
    } else if (connection->send & SEND_CREDIT) {
      put(connection, VIRTIO_VSOCK_OP_CREDIT_UPDATE, 0, NULL, 0);
      connection->send &= ~(unsigned)SEND_CREDIT;
    } else {
      put(connection, VIRTIO_VSOCK_OP_SHUTDOWN, BOTH, NULL, 0);
      connection->send &= ~(unsigned)SEND_SHUTDOWN;
    }
  }
  return true;
}

static uint32_t credit(const struct connection *connection) {
  return connection->room - (connection->sent - connection->read_by_guest);
}

/* Passes on what the guest has sent; the rest waits for the host to read. */
static void flush(struct connection *connection) {
  ssize_t count = connection->waiting > 0
                      ? send(connection->fd, connection->buffer, connection->waiting, MSG_NOSIGNAL | MSG_DONTWAIT)
                      : 0;
  if (count > 0) {
    connection->waiting -= (size_t)count;
    memmove(connection->buffer, connection->buffer + count, connection->waiting);
    connection->passed_on += (uint32_t)count;
    if (connection->passed_on - connection->told > BUFFER / 4) connection->send |= SEND_CREDIT;
  } else if (count < 0 && errno != EAGAIN) {
    connection->waiting = 0;
  }
  if (connection->guest_ended && connection->waiting == 0) connection->send |= SEND_RST;
}

/* Takes what the host sends, as much as the guest has room for. */
static void hear(struct connection *connection) {
  struct chain chain;
  static uint8_t data[64 * 1024];
  while (connection->state == OPEN && !connection->host_ended && credit(connection) > 0 &&
         vhost_next(TO_GUEST, &chain)) {
    size_t most = chain.length - sizeof(struct virtio_vsock_hdr);
    if (most > credit(connection)) most = credit(connection);
    if (most > sizeof data) most = sizeof data;
    ssize_t count = recv(connection->fd, data, most, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      connection->host_ended = true;
      connection->send |= SEND_SHUTDOWN;
      return;
    }
    put(connection, VIRTIO_VSOCK_OP_RW, 0, data, (uint32_t)count);
    connection->sent += (uint32_t)count;
  }
}

/* Reads which port the host wants, and not a byte more. */
static void greet(struct connection *connection) {
  char byte, rest;
  while (connection->greeted < sizeof connection->greeting - 1) {
    ssize_t count = recv(connection->fd, &byte, 1, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) break;
    connection->greeting[connection->greeted++] = byte;
    if (byte != '\n') continue;
    connection->greeting[connection->greeted - 1] = '\0';
    if (sscanf(connection->greeting, "%*1[Cc]%*1[Oo]%*1[Nn]%*1[Nn]%*1[Ee]%*1[Cc]%*1[Tt] %u%c", &connection->guest_port,
               &rest) != 1)
      break;
    connection->state = REQUESTED;
    connection->host_port = ++last_port;
    connection->since = now_ms();
    connection->send = SEND_REQUEST;
    return;
  }
  end(connection);
}

static void handle(const struct virtio_vsock_hdr *header, const struct chain *chain) {
  struct connection *connection = NULL;
  for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
    struct connection *each = &connections[i];
    if (each->state >= REQUESTED && each->host_port == header->dst_port && each->guest_port == header->src_port)
      connection = each;
  }
  if (connection == NULL || header->type != VIRTIO_VSOCK_TYPE_STREAM) {
    /* Also a connection that the guest asks for: nobody listens on the host. */
    struct connection nobody = {.fd = -1, .host_port = header->dst_port, .guest_port = header->src_port};
    if (header->op != VIRTIO_VSOCK_OP_RST) put(&nobody, VIRTIO_VSOCK_OP_RST, 0, NULL, 0);
    return;
  }
  connection->room = header->buf_alloc;
  connection->read_by_guest = header->fwd_cnt;
  switch (header->op) {
    case VIRTIO_VSOCK_OP_RESPONSE:
      if (connection->state != REQUESTED) break;
      connection->state = OPEN;
      dprintf(connection->fd, "OK %u\n", connection->host_port);
      break;
    case VIRTIO_VSOCK_OP_RST: end(connection); break;
    case VIRTIO_VSOCK_OP_RW:
      if (header->len > BUFFER - connection->waiting || header->len > chain->length - sizeof *header) {
        connection->send |= SEND_RST;
        break;
      }
      copy(chain, sizeof *header, connection->buffer + connection->waiting, header->len, false);
      connection->waiting += header->len;
      flush(connection);
      break;
    case VIRTIO_VSOCK_OP_CREDIT_REQUEST: connection->send |= SEND_CREDIT; break;
    case VIRTIO_VSOCK_OP_SHUTDOWN:
      connection->guest_ended = connection->guest_ended || (header->flags & BOTH) == BOTH;
      flush(connection);
      break;
    default: break;
  }
}

static void take_packets(void) {
  struct chain chain;
  struct virtio_vsock_hdr header;
  while (vhost_next(FROM_GUEST, &chain)) {
    if (chain.length >= sizeof header) {
      copy(&chain, 0, &header, sizeof header, false);
      if (header.dst_cid == HOST_CID && header.src_cid == guest_cid) handle(&header, &chain);
    }
    vhost_done(FROM_GUEST, &chain, 0);
  }
}

static void welcome(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  for (size_t i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++) {
    if (connections[i].state != FREE) continue;
    memset(&connections[i], 0, offsetof(struct connection, buffer));
    connections[i].fd = fd;
    connections[i].state = GREETING;
    return;
  }
  if (fd >= 0) close(fd);
}

static void advance(void) {
  take_packets();
  for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
    struct connection *connection = &connections[i];
    if (connection->state == GREETING) greet(connection);
    if (connection->state == REQUESTED && now_ms() - connection->since >= REQUEST_TIMEOUT_MS)
      connection->send = SEND_RST;
    if (connection->state == OPEN) flush(connection);
    if (connection->state >= REQUESTED && tell(connection)) hear(connection);
    if (connection->state >= REQUESTED) tell(connection);
  }
}

static int listen_on(const char *name, bool abstract) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(name) >= sizeof address.sun_path - 1) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path + abstract, name);
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 64) == 0 ? fd : -1;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fputs("usage: vsock PATH CID NAME\n", stderr);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  guest_cid = strtoull(argv[2], NULL, 10);
  int hosts = listen_on(argv[1], false), qemus = listen_on(argv[3], true), qemu = -1;
  if (hosts < 0 || qemus < 0) {
    perror("vsock");
    return 1;
  }
  puts("listening");
  fflush(stdout);
  for (;;) {
    struct pollfd fds[4 + CONNECTIONS_MAX] = {
        {.fd = hosts, .events = POLLIN},
        {.fd = qemu < 0 ? qemus : qemu, .events = POLLIN},
        {.fd = vhost_kick(TO_GUEST), .events = POLLIN},
        {.fd = vhost_kick(FROM_GUEST), .events = POLLIN},
    };
    struct chain chain;
    bool has_room = vhost_next(TO_GUEST, &chain);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
      const struct connection *connection = &connections[i];
      bool reads = connection->state == GREETING ||
                   (connection->state == OPEN && !connection->host_ended && has_room && credit(connection) > 0);
      bool writes = connection->state == OPEN && connection->waiting > 0;
      short events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
      /* A connection that broke off would be told again and again. */
      fds[4 + i] = (struct pollfd){.fd = events != 0 ? connection->fd : -1, .events = events};
    }
    if (poll(fds, 4 + CONNECTIONS_MAX, TICK_MS) < 0 && errno != EINTR) return 1;
    uint64_t kicks;
    for (int queue = 0; queue < QUEUES; queue++) {
      if (fds[2 + queue].revents & POLLIN && read(fds[2 + queue].fd, &kicks, sizeof kicks) < 0) perror("vsock: kick");
    }
    if (fds[1].revents != 0) {
      if (qemu < 0)
        qemu = accept4(qemus, NULL, NULL, SOCK_CLOEXEC);
      else if (!vhost_serve(qemu, guest_cid))
        return 0;
    }
    if (fds[0].revents & POLLIN) welcome(hosts);
    advance();
  }
}
