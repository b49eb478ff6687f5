/*
 * The way from the guest's tap to slirp4netns's: the namespace is a router that lets through what it has
 * a route for. Its routing table is the filter, so it needs no bridge and no netfilter of the host.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include <netinet/in.h>

struct network {
	struct in_addr address;
	struct in_addr mask;
};

/* Reads 192.168.0.0/16; gives 0 if it is not a network. */
int parse_network(const char *text, struct network *network);

/* slirp4netns's network becomes reachable on its tap, and all other addresses through it. */
void route_outside(const char *slirp_tap);
/* The guest's address becomes reachable on its tap. */
void route_guest(const char *guest_tap);
/* Packets to this network are answered as unreachable. */
void deny_network(struct network network);
/* The tap's packets are forwarded, and ARP questions for what lies behind us are answered at once. */
void forward_from(const char *tap);

#endif
