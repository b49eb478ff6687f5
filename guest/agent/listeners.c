#include "listeners.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "owners.h"

#define LISTENERS_MAX 1024
#define COMMAND_MAX 512
/* Each listener takes less than this, every character of its command escaped. */
#define ENTRY_MAX (6 * (COMMAND_MAX + 64) + 512)
/* What /proc/net/udp calls a socket that is bound and not connected (TCP_CLOSE). */
#define UDP_STATE_BOUND 0x07

struct table {
  const char *path;
  const char *protocol;
  unsigned state;
  /* The sockets in that state come first. */
  bool first;
};

static const struct table tables[] = {
    {"/proc/net/tcp", "tcp", TCP_STATE_LISTEN, true},
    {"/proc/net/tcp6", "tcp", TCP_STATE_LISTEN, true},
    {"/proc/net/udp", "udp", UDP_STATE_BOUND, false},
    {"/proc/net/udp6", "udp", UDP_STATE_BOUND, false},
};

struct listener {
  const char *protocol;
  char address[INET6_ADDRSTRLEN];
  unsigned port;
  unsigned long inode;
};

static struct listener listeners[LISTENERS_MAX];
static struct owner owners[LISTENERS_MAX];

/* An address as /proc/net shows it: the words of its network form, each as the host's number. */
static bool read_address(const char *hex, char *out, size_t size) {
  uint32_t words[4];
  size_t count = strlen(hex) / 8;
  if (strlen(hex) % 8 != 0 || (count != 1 && count != 4)) return false;
  for (size_t i = 0; i < count; i++) {
    if (sscanf(hex + 8 * i, "%8x", &words[i]) != 1) return false;
  }
  return inet_ntop(count == 1 ? AF_INET : AF_INET6, words, out, (socklen_t)size) != NULL;
}

/* Reads one of the tables. Returns how many listeners there are then, in all. */
static size_t read_table(const struct table *table, size_t count) {
  FILE *file = fopen(table->path, "re");
  if (file == NULL) return count;
  char line[512], address[40];
  bool more = fgets(line, sizeof line, file) != NULL;
  while (more && count < LISTENERS_MAX && fgets(line, sizeof line, file) != NULL) {
    struct listener *listener = &listeners[count];
    unsigned state;
    if (sscanf(line, " %*u: %39[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu", address, &listener->port,
               &state, &listener->inode) != 4) {
      continue;
    }
    more = state == table->state || !table->first;
    listener->protocol = table->protocol;
    if (state == table->state && read_address(address, listener->address, sizeof listener->address)) count++;
  }
  fclose(file);
  return count;
}

static void report_process(struct text *body, pid_t pid) {
  char path[32], bytes[COMMAND_MAX];
  snprintf(path, sizeof path, "/proc/%d/comm", pid);
  size_t length = read_file(path, bytes, 64);
  if (length > 0 && bytes[length - 1] == '\n') length--;
  text_format(body, ",\"pid\":%d,\"process\":", pid);
  json_string(body, bytes, length);
  snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
  length = read_file(path, bytes, sizeof bytes);
  while (length > 0 && bytes[length - 1] == '\0') length--;
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] == '\0') bytes[i] = ' ';
  }
  text_append(body, ",\"command\":", 11);
  json_string(body, bytes, length);
}

void listeners_report(struct text *body) {
  size_t count = 0, shown = 0;
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) count = read_table(&tables[i], count);
  for (size_t i = 0; i < count; i++) owners[i] = (struct owner){.inode = listeners[i].inode};
  owners_find(owners, count);
  text_append(body, "{\"ports\":[", 10);
  for (; shown < count && body->capacity - body->length > ENTRY_MAX; shown++) {
    const struct listener *listener = &listeners[shown];
    const struct owner *owner = owners_get(owners, count, listener->inode);
    text_format(body, "%s{\"protocol\":\"%s\",\"address\":\"%s\",\"port\":%u", shown > 0 ? "," : "", listener->protocol,
                listener->address, listener->port);
    if (owner != NULL && owner->pid > 0) report_process(body, owner->pid);
    text_append(body, "}", 1);
  }
  text_format(body, "],\"truncated\":%s}", shown < count || count == LISTENERS_MAX ? "true" : "false");
}
