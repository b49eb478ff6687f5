/* The agent's listener on a unix socket, for hosts without a vsock: vsock SOCKET any|host. Before it listens it tells
 * which peers it takes for the host. */
#include "vsock.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool anybody(const struct sockaddr *peer, socklen_t length) {
  (void)peer;
  (void)length;
  return true;
}

/* An address as the kernel lays it out: family, 16 bits, port, cid. */
static bool takes(unsigned short family, unsigned cid, socklen_t length) {
  unsigned char bytes[sizeof(struct sockaddr)] = {0};
  unsigned port = 1024;
  memcpy(bytes, &family, sizeof family);
  memcpy(bytes + 4, &port, sizeof port);
  memcpy(bytes + 8, &cid, sizeof cid);
  return vsock_is_host((const struct sockaddr *)bytes, length);
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 3 || strlen(argv[1]) >= sizeof address.sun_path) return 2;
  strcpy(address.sun_path, argv[1]);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) return 1;
  printf("%d%d%d%d%d%d\n", takes(40, 2, 16), takes(40, 1, 16), takes(40, 3, 16), takes(40, 0, 16), takes(1, 2, 16),
         takes(40, 2, 8));
  fflush(stdout);
  vsock_serve_listener(listener, strcmp(argv[2], "any") == 0 ? anybody : vsock_is_host);
  return 1;
}
