#define _GNU_SOURCE
#include "route.h"

#include "failure.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* slirp4netns(1) has 10.0.2.0/24 with itself at .2, DNS at .3 and the guest at .100; .1 is free for us. */
#define OUR_ADDRESS "10.0.2.1"
#define SLIRP_MASK "255.255.255.0"
#define SLIRP_GATEWAY "10.0.2.2"
#define GUEST_ADDRESS "10.0.2.100"

static void set_address(struct sockaddr *to, struct in_addr address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)to;

	in->sin_family = AF_INET;
	in->sin_addr = address;
}

static struct in_addr address_of(const char *text)
{
	struct in_addr address;

	inet_pton(AF_INET, text, &address);
	return address;
}

static void configure(unsigned long request, void *argument, const char *what)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, request, argument) < 0)
		fail(FAIL_ROUTES, "cannot set %s", what);
	close(fd);
}

int parse_network(const char *text, struct network *network)
{
	char address[INET_ADDRSTRLEN], *end;
	const char *slash = strchr(text, '/');
	unsigned long bits;

	if (!slash || slash - text >= INET_ADDRSTRLEN || slash[1] < '0' || slash[1] > '9')
		return 0;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	bits = strtoul(slash + 1, &end, 10);
	if (*end || bits > 32 || inet_pton(AF_INET, address, &network->address) != 1)
		return 0;
	network->mask.s_addr = bits ? htonl(~0u << (32 - bits)) : 0;
	network->address.s_addr &= network->mask.s_addr;
	return 1;
}

void route_outside(const char *slirp_tap)
{
	struct ifreq device = {0};
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};

	strncpy(device.ifr_name, slirp_tap, sizeof device.ifr_name - 1);
	set_address(&device.ifr_addr, address_of(OUR_ADDRESS));
	configure(SIOCSIFADDR, &device, "the address of the namespace");
	set_address(&device.ifr_netmask, address_of(SLIRP_MASK));
	configure(SIOCSIFNETMASK, &device, "the network of the namespace");
	set_address(&route.rt_dst, (struct in_addr){0});
	set_address(&route.rt_genmask, (struct in_addr){0});
	set_address(&route.rt_gateway, address_of(SLIRP_GATEWAY));
	configure(SIOCADDRT, &route, "the way out of the namespace");
}

void route_guest(const char *guest_tap)
{
	char device[IFNAMSIZ] = {0};
	struct rtentry route = {.rt_flags = RTF_UP | RTF_HOST, .rt_dev = device};

	strncpy(device, guest_tap, sizeof device - 1);
	set_address(&route.rt_dst, address_of(GUEST_ADDRESS));
	configure(SIOCADDRT, &route, "the way to the guest");
}

void deny_network(struct network network)
{
	struct rtentry route = {.rt_flags = RTF_UP | RTF_REJECT};

	if (network.mask.s_addr == 0xffffffff)
		route.rt_flags |= RTF_HOST;
	set_address(&route.rt_dst, network.address);
	set_address(&route.rt_genmask, network.mask);
	configure(SIOCADDRT, &route, "a network that the guest must not reach");
}
