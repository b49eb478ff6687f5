#include "health.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

#define SSH_PORT 22

/* Whether a table of TCP sockets has one that listens on a port. The kernel lists those that listen
 * first, so this reads no more than them, however many connections there are. */
static bool listens(const char *table, unsigned wanted) {
  FILE *file = fopen(table, "re");
  if (file == NULL) return false;
  char line[512];
  bool found = false;
  /* The first line names the columns. */
  bool more = fgets(line, sizeof line, file) != NULL;
  while (more && !found && fgets(line, sizeof line, file) != NULL) {
    unsigned port, state;
    more = sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &port, &state) == 2 && state == TCP_STATE_LISTEN;
    found = more && port == wanted;
  }
  fclose(file);
  return found;
}

static bool ssh_accepts(void) { return listens("/proc/net/tcp", SSH_PORT) || listens("/proc/net/tcp6", SSH_PORT); }

/* The initrd configures eth0 when the host gave an address on the kernel's command line. */
static bool network_wanted(void) {
  char words[4096];
  size_t length = read_file("/proc/cmdline", words, sizeof words);
  return memmem(words, length, "banger.ip=", 10) != NULL;
}

static bool network_up(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  struct ifreq request = {.ifr_name = "eth0"};
  bool up = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0 &&
            ioctl(fd, SIOCGIFADDR, &request) == 0;
  close(fd);
  return up || !network_wanted();
}

bool health_ready(void) { return ssh_accepts() && network_up(); }

static const char *word(bool value) { return value ? "true" : "false"; }

void health_report(struct text *body) {
  bool ssh = ssh_accepts(), network = network_up();
  struct timespec uptime;
  clock_gettime(CLOCK_BOOTTIME, &uptime);
  text_format(body, "{\"version\":\"%s\",\"ready\":%s,\"ssh\":%s,\"network\":%s,\"uptime_ms\":%lld", BANGER_VERSION,
              word(ssh && network), word(ssh), word(network),
              (long long)uptime.tv_sec * 1000 + uptime.tv_nsec / 1000000);
  char boot[64];
  size_t length = read_file("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
  if (length > 0) {
    text_append(body, ",\"boot_id\":", 11);
    json_string(body, boot, length - 1);
  }
  text_append(body, "}", 1);
}
