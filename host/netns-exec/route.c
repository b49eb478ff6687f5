#define _GNU_SOURCE
#include "route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"

#define SLIRP_MASK "255.255.255.0"
#define SLIRP_GATEWAY "10.0.2.2"
#define SLIRP_NAMES "10.0.2.3"

static void set_address(struct sockaddr *to, struct in_addr address) {
  struct sockaddr_in *in = (struct sockaddr_in *)to;

  in->sin_family = AF_INET;
  in->sin_addr = address;
}

static struct in_addr address_of(const char *text) {
  struct in_addr address;

  inet_pton(AF_INET, text, &address);
  return address;
}

/* Gives 0, or an errno. */
static int request(unsigned long request, void *argument) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

  if (fd < 0) return errno;
  if (ioctl(fd, request, argument) < 0) error = errno;
  close(fd);
  return error;
}

static void configure(unsigned long what_to_do, void *argument, const char *what) {
  errno = request(what_to_do, argument);
  if (errno) fail(FAIL_ROUTES, "cannot set %s", what);
}

/* Has a route there be, or not be; that it is so already is no failure. */
static int settle(unsigned long what_to_do, struct rtentry *route) {
  int error = request(what_to_do, route);

  return error == EEXIST || error == ESRCH ? 0 : error;
}

int parse_network(const char *text, struct network *network) {
  char address[INET_ADDRSTRLEN], *end;
  const char *slash = strchr(text, '/');
  unsigned long bits;

  if (!slash || slash - text >= INET_ADDRSTRLEN || slash[1] < '0' || slash[1] > '9') return 0;
  memcpy(address, text, (size_t)(slash - text));
  address[slash - text] = '\0';
  bits = strtoul(slash + 1, &end, 10);
  if (*end || bits > 32 || inet_pton(AF_INET, address, &network->address) != 1) return 0;
  network->mask.s_addr = bits ? htonl(~0u << (32 - bits)) : 0;
  network->address.s_addr &= network->mask.s_addr;
  return 1;
}

void route_slirp(const char *slirp_tap) {
  struct ifreq device = {0};

  strncpy(device.ifr_name, slirp_tap, sizeof device.ifr_name - 1);
  set_address(&device.ifr_addr, address_of(OUR_ADDRESS));
  configure(SIOCSIFADDR, &device, "the address of the namespace");
  set_address(&device.ifr_netmask, address_of(SLIRP_MASK));
  configure(SIOCSIFNETMASK, &device, "the network of the namespace");
}

void route_guest(const char *guest_tap) {
  char device[IFNAMSIZ] = {0};
  struct rtentry route = {.rt_flags = RTF_UP | RTF_HOST, .rt_dev = device};

  strncpy(device, guest_tap, sizeof device - 1);
  set_address(&route.rt_dst, address_of(GUEST_ADDRESS));
  configure(SIOCADDRT, &route, "the way to the guest");
}

static struct rtentry denial_of(struct network network) {
  struct rtentry route = {.rt_flags = RTF_UP | RTF_REJECT};

  if (network.mask.s_addr == 0xffffffff) route.rt_flags |= RTF_HOST;
  set_address(&route.rt_dst, network.address);
  set_address(&route.rt_genmask, network.mask);
  return route;
}

int try_deny(struct network network) {
  struct rtentry route = denial_of(network);

  return settle(SIOCADDRT, &route);
}

void deny_network(struct network network) {
  struct rtentry route = denial_of(network);

  configure(SIOCADDRT, &route, "a network that the guest must not reach");
}

static int change_outside(const char *slirp_tap, int open) {
  char device[IFNAMSIZ] = {0};
  struct rtentry way = {.rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = device};
  struct rtentry names = denial_of((struct network){.address = address_of(SLIRP_NAMES), .mask.s_addr = 0xffffffff});
  int error;

  strncpy(device, slirp_tap, sizeof device - 1);
  set_address(&way.rt_dst, (struct in_addr){0});
  set_address(&way.rt_genmask, (struct in_addr){0});
  set_address(&way.rt_gateway, address_of(SLIRP_GATEWAY));
  error = settle(open ? SIOCADDRT : SIOCDELRT, &way);
  return error ? error : settle(open ? SIOCDELRT : SIOCADDRT, &names);
}

int open_outside(const char *slirp_tap) { return change_outside(slirp_tap, 1); }

int close_outside(const char *slirp_tap) { return change_outside(slirp_tap, 0); }
