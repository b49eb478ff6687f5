/*
 * The way from the guest's tap to slirp4netns's: the namespace is a router that lets through what it has
 * a route for. Its routing table is the filter, so it needs no bridge and no netfilter of the host.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include <netinet/in.h>

/* slirp4netns(1) has 10.0.2.0/24 with itself at .2, DNS at .3 and the guest at .100; .1 is free for us. */
#define OUR_ADDRESS "10.0.2.1"
#define GUEST_ADDRESS "10.0.2.100"

struct network {
  struct in_addr address;
  struct in_addr mask;
};

/* Reads 192.168.0.0/16; gives 0 if it is not a network. */
int parse_network(const char *text, struct network *network);

/* slirp4netns's network becomes reachable on its tap. */
void route_slirp(const char *slirp_tap);
/* The guest's address becomes reachable on its tap. */
void route_guest(const char *guest_tap);
/* Packets to this network are answered as unreachable. */
void deny_network(struct network network);
/* The same, for a process that goes on if it fails: give 0, or an errno. What is so already is no failure. */
int try_deny(struct network network);
/* All addresses that are not denied become reachable through slirp4netns, and its name server. */
int open_outside(const char *slirp_tap);
/* Nothing is reachable any more but who connects to the guest: slirp4netns has those for its own address. */
int close_outside(const char *slirp_tap);
/* The tap's packets are forwarded, and ARP questions for what lies behind us are answered at once. */
void forward_from(const char *tap);

#endif
