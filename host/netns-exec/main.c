/*
 * netns-exec: runs a VMM in a network namespace of its own, without capabilities.
 *
 * The namespace routes between two taps: the VMM's, owned by our uid, and that of slirp4netns, which is
 * the way out. Then we become PROGRAM, so that whoever supervises us supervises the VMM; slirp4netns
 * ends with it.
 *
 * slirp4netns's --disable-host-loopback refuses its own alias of the host and nothing else: a guest that
 * sends a packet to 127.0.0.1 itself is connected to the host's loopback. The kernel's router never
 * forwards such a packet, which is why the taps are not joined by a bridge.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "binder.h"
#include "control.h"
#include "failure.h"
#include "link.h"
#include "namespace.h"
#include "privileges.h"
#include "route.h"
#include "slirp.h"
#include "title.h"

#define SLIRP_TAP "slirp0"
#define MAX_DENIED 64

/* A busy host may take seconds to schedule slirp4netns; more than this and it hangs. */
static const int slirp_ready_ms = 10000;

struct options {
  const char *tap;
  struct slirp slirp;
  struct network denied[MAX_DENIED];
  int denied_count;
  const char *control;
  int no_nat;
  int check;
  char **program;
};

static void add_denied(struct options *options, const char *text) {
  errno = 0;
  if (options->denied_count == MAX_DENIED) fail(FAIL_USAGE, "more than %d networks to deny", MAX_DENIED);
  if (!parse_network(text, &options->denied[options->denied_count++])) fail(FAIL_USAGE, "%s is not a network", text);
}

static struct options parse(int argc, char **argv) {
  enum { TAP = 1, SLIRP, SLIRP_API, CONTROL, LOG, NO_NAT, DENY, CHECK };
  static const struct option known[] = {
      {"tap", required_argument, NULL, TAP},
      {"slirp", required_argument, NULL, SLIRP},
      {"slirp-api", required_argument, NULL, SLIRP_API},
      {"control", required_argument, NULL, CONTROL},
      {"no-nat", no_argument, NULL, NO_NAT},
      {"log", required_argument, NULL, LOG},
      {"deny", required_argument, NULL, DENY},
      {"check", no_argument, NULL, CHECK},
      {0},
  };
  struct options options = {.slirp.tap = SLIRP_TAP};
  int option;

  /* `+`: the options of PROGRAM are its own. */
  while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
    switch (option) {
      case TAP: options.tap = optarg; break;
      case SLIRP: options.slirp.program = optarg; break;
      case SLIRP_API: options.slirp.api_socket = optarg; break;
      case CONTROL: options.control = optarg; break;
      case NO_NAT: options.no_nat = 1; break;
      case LOG: options.slirp.log = optarg; break;
      case DENY: add_denied(&options, optarg); break;
      case CHECK: options.check = 1; break;
      default: _exit(FAIL_USAGE); /* getopt_long has said why */
    }
  }
  options.program = argv + optind;
  return options;
}

static void validate(const struct options *options) {
  errno = 0;
  if (!options->tap || !options->slirp.program || !options->slirp.api_socket ||
      (*options->program == NULL) != options->check || (!options->control) != options->check)
    fail(FAIL_USAGE,
         "usage: netns-exec --tap NAME --slirp PATH --slirp-api SOCKET [--log FILE] "
         "[--no-nat] [--deny NETWORK]... (--control SOCKET -- PROGRAM [ARGUMENT]... | --check)");
  if (!*options->tap || strlen(options->tap) >= LINK_NAME_SIZE || strchr(options->tap, '/') ||
      strcmp(options->tap, SLIRP_TAP) == 0)
    fail(FAIL_USAGE, "%s cannot be the name of a tap", options->tap);
  if (strlen(options->slirp.api_socket) >= sizeof(((struct sockaddr_un *)0)->sun_path) ||
      (options->control && strlen(options->control) >= sizeof(((struct sockaddr_un *)0)->sun_path)))
    fail(FAIL_USAGE, "the path of a socket is too long");
}

static void set_up_routes(const struct options *options) {
  link_up(SLIRP_TAP);
  link_up(options->tap);
  route_slirp(SLIRP_TAP);
  route_guest(options->tap);
  for (int i = 0; i < options->denied_count; i++) deny_network(options->denied[i]);
  errno = options->no_nat ? close_outside(SLIRP_TAP) : open_outside(SLIRP_TAP);
  if (errno) fail(FAIL_ROUTES, "cannot set the way out of the namespace");
  forward_from(SLIRP_TAP);
  forward_from(options->tap);
}

int main(int argc, char **argv) {
  struct options options = parse(argc, argv);
  int control = -1, binder = -1;

  title_begin(argc, argv);
  validate(&options);
  /* Descriptors leaked to us must not reach a VMM whose guest is hostile. */
  if (syscall(SYS_close_range, 3u, ~0u, 0u) < 0 && errno != ENOSYS)
    fail(FAIL_SYSTEM, "cannot close inherited descriptors");
  slirp_fork(&options.slirp);
  if (options.control) {
    control = control_listen(options.control);
    binder = binder_fork(options.control);
  }
  enter_namespace();
  link_up("lo");
  make_tap(options.tap);
  slirp_wait_ready(&options.slirp, slirp_ready_ms);
  set_up_routes(&options);
  if (options.control) control_fork(control, options.control, SLIRP_TAP, binder);
  restore_ids();
  drop_privileges();
  if (options.check) {
    try_tap(options.tap);
    return 0;
  }
  execv(options.program[0], options.program);
  fail(FAIL_PROGRAM, "cannot execute %s", options.program[0]);
}
