#define _GNU_SOURCE
#include <errno.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"
#include "route.h"

/*
 * Settings of a device through rtnetlink(7). /proc/sys has the same ones, but containers often have it
 * read-only.
 */
struct message {
  struct nlmsghdr header;
  char body[256];
};

static void *append(struct message *message, size_t size) {
  char *place = (char *)message + NLMSG_ALIGN(message->header.nlmsg_len);

  message->header.nlmsg_len = (uint32_t)(place - (char *)message + size);
  return place;
}

static struct nlattr *append_attribute(struct message *message, uint16_t type, const void *value, size_t size) {
  struct nlattr *attribute = append(message, NLA_HDRLEN + size);

  attribute->nla_type = type;
  attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
  if (size) memcpy((char *)attribute + NLA_HDRLEN, value, size);
  return attribute;
}

static void end_nested(struct message *message, struct nlattr *nested) {
  nested->nla_len = (uint16_t)((char *)message + message->header.nlmsg_len - (char *)nested);
}

static void append_setting(struct message *message, uint16_t setting, uint32_t value) {
  append_attribute(message, setting, &value, sizeof value);
}

static void transact(struct message *message) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char rest[512];
  } answer;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  ssize_t size;

  if (fd < 0 || send(fd, message, message->header.nlmsg_len, 0) < 0)
    fail(FAIL_ROUTES, "cannot send to the kernel's routing");
  size = recv(fd, &answer, sizeof answer, 0);
  if (size < (ssize_t)(sizeof answer.header + sizeof answer.error.error) || answer.header.nlmsg_type != NLMSG_ERROR)
    fail(FAIL_ROUTES, "no answer from the kernel's routing");
  if (answer.error.error) {
    errno = -answer.error.error;
    fail(FAIL_ROUTES, "cannot set up forwarding");
  }
  close(fd);
}

static void set_forwarding(int index) {
  struct message message = {
      .header = {.nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = RTM_SETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK}};
  struct ifinfomsg *link = append(&message, sizeof *link);
  struct nlattr *families, *inet, *settings;

  link->ifi_index = index;
  families = append_attribute(&message, IFLA_AF_SPEC, NULL, 0);
  inet = append_attribute(&message, AF_INET, NULL, 0);
  settings = append_attribute(&message, IFLA_INET_CONF, NULL, 0);
  append_setting(&message, IPV4_DEVCONF_FORWARDING, 1);
  append_setting(&message, IPV4_DEVCONF_PROXY_ARP, 1);
  /* The guest may use no source address but its own, and no redirect of its may change our routes. */
  append_setting(&message, IPV4_DEVCONF_RP_FILTER, 1);
  append_setting(&message, IPV4_DEVCONF_ACCEPT_REDIRECTS, 0);
  append_setting(&message, IPV4_DEVCONF_ROUTE_LOCALNET, 0);
  end_nested(&message, settings);
  end_nested(&message, inet);
  end_nested(&message, families);
  transact(&message);
}

/* The kernel waits up to 0.8 s before it answers an ARP question for somebody else. */
static void set_proxy_delay(int index) {
  struct message message = {
      .header = {.nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = RTM_SETNEIGHTBL, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK}};
  struct ndtmsg *table = append(&message, sizeof *table);
  struct nlattr *parameters;
  uint64_t none = 0;

  table->ndtm_family = AF_INET;
  append_attribute(&message, NDTA_NAME, "arp_cache", sizeof "arp_cache");
  parameters = append_attribute(&message, NDTA_PARMS, NULL, 0);
  append_setting(&message, NDTPA_IFINDEX, (uint32_t)index);
  append_attribute(&message, NDTPA_PROXY_DELAY, &none, sizeof none);
  end_nested(&message, parameters);
  transact(&message);
}

void forward_from(const char *tap) {
  int index = (int)if_nametoindex(tap);

  if (index == 0) fail(FAIL_ROUTES, "%s is not there", tap);
  set_forwarding(index);
  set_proxy_delay(index);
}
