#define _GNU_SOURCE
#include "link.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"

_Static_assert(LINK_NAME_SIZE == IFNAMSIZ, "the kernel's size of a device name");

static struct ifreq request_for(const char *name) {
  struct ifreq request = {0};

  strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
  return request;
}

static int control_socket(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  if (fd < 0) fail(FAIL_NAMESPACE, "cannot open a socket for network devices");
  return fd;
}

void link_up(const char *name) {
  struct ifreq request = request_for(name);
  int fd = control_socket();

  if (ioctl(fd, SIOCGIFFLAGS, &request) < 0) fail(FAIL_NAMESPACE, "cannot read the state of %s", name);
  request.ifr_flags |= IFF_UP;
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) fail(FAIL_NAMESPACE, "cannot bring up %s", name);
  close(fd);
}

/* Attaches to a tap, made if absent. Who attaches next may ask for other flags, such as a VMM's vnet header. */
static int attach_tap(const char *name) {
  struct ifreq request = request_for(name);
  int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

  if (fd < 0) fail(FAIL_TAP, "cannot open /dev/net/tun");
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(fd, TUNSETIFF, &request) < 0) fail(FAIL_TAP, "cannot attach to the tap %s", name);
  return fd;
}

void make_tap(const char *name) {
  int fd = attach_tap(name);

  if (ioctl(fd, TUNSETOWNER, (unsigned long)geteuid()) < 0 || ioctl(fd, TUNSETPERSIST, 1UL) < 0)
    fail(FAIL_TAP, "cannot keep the tap %s", name);
  close(fd);
}

void try_tap(const char *name) { close(attach_tap(name)); }
