#include "vsock.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "files.h"

#define VIRTIO_DEVICES "/sys/bus/virtio/devices"
/* VIRTIO_ID_VSOCK of the kernel's uapi linux/virtio_ids.h. */
#define VIRTIO_ID_VSOCK 19
/* The kernel's uapi linux/vm_sockets.h, which musl does not have. */
#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
#define CID_ANY ((unsigned)-1)
#define CID_HOST 2

struct sockaddr_vm {
  sa_family_t family;
  unsigned short reserved;
  unsigned port;
  unsigned cid;
  unsigned char flags;
  unsigned char zero[sizeof(struct sockaddr) - sizeof(sa_family_t) - sizeof(unsigned short) - 2 * sizeof(unsigned) - 1];
};

/* The host asks on a few connections at once; more hang. */
#define CONNECTIONS_MAX 32

bool vsock_present(void) {
  DIR *devices = opendir(VIRTIO_DEVICES);
  if (devices == NULL) return false;
  bool found = false;
  struct dirent *entry;
  while (!found && (entry = readdir(devices)) != NULL) {
    char path[300], id[16] = {0};
    snprintf(path, sizeof path, VIRTIO_DEVICES "/%s/device", entry->d_name);
    found = read_file(path, id, sizeof id - 1) > 0 && strtoul(id, NULL, 16) == VIRTIO_ID_VSOCK;
  }
  closedir(devices);
  return found;
}

bool vsock_is_host(const struct sockaddr *peer, socklen_t length) {
  struct sockaddr_vm address = {0};
  if (length != sizeof address || peer->sa_family != AF_VSOCK) return false;
  memcpy(&address, peer, sizeof address);
  return address.cid == CID_HOST;
}

static void serve(int connection, int listener) {
  pid_t parent = getpid();
  if (fork() != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  close(listener);
  /* A connection has one host and one end, so it needs no second for what may take long. */
  channel_serve(&(struct channel){.in = connection, .out = connection, .control = true, .query = true, .grow = true});
  _exit(0);
}

void vsock_serve_listener(int listener, bool (*allowed)(const struct sockaddr *peer, socklen_t length)) {
  unsigned open = 0;
  for (;;) {
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    struct sockaddr *address = (struct sockaddr *)&peer;
    int connection = accept4(listener, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (open > 0 && waitpid(-1, NULL, WNOHANG) > 0) open--;
    if (connection < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    if (open < CONNECTIONS_MAX && allowed(address, length)) {
      serve(connection, listener);
      open++;
    }
    close(connection);
  }
}

void vsock_serve(unsigned port) {
  int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_vm address = {.family = AF_VSOCK, .cid = CID_ANY, .port = port};
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0) return;
  if (listen(listener, CONNECTIONS_MAX) == 0) vsock_serve_listener(listener, vsock_is_host);
}
