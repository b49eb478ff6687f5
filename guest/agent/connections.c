#include "connections.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "files.h"

/* The state of a connection in /proc/net/tcp (TCP_ESTABLISHED of the kernel's tcp_states.h). */
#define TCP_STATE_ESTABLISHED 0x01
/* A guest with more sockets than this is in use, whoever holds them. */
#define LINES_MAX 65536

static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
#define TABLES (sizeof tables / sizeof tables[0])

/* One bit per port on which something listens. */
static uint8_t listening[65536 / 8];

struct socket {
  char local[40];
  char remote[40];
  unsigned port;
  unsigned state;
};

static bool read_line(FILE *file, struct socket *found) {
  char line[512];
  return fgets(line, sizeof line, file) != NULL &&
         sscanf(line, " %*u: %39[0-9A-F]:%x %39[0-9A-F]:%*x %x", found->local, &found->port, found->remote,
                &found->state) == 4 &&
         found->port < 65536;
}

/* Opens a table behind its first line, which names the columns. */
static FILE *open_table(const char *path) {
  char line[512];
  FILE *file = fopen(path, "re");
  if (file == NULL || fgets(line, sizeof line, file) != NULL) return file;
  fclose(file);
  return NULL;
}

/* The kernel lists the sockets that listen first. */
static void note_listening(const char *path) {
  struct socket found;
  FILE *file = open_table(path);
  if (file == NULL) return;
  while (read_line(file, &found) && found.state == TCP_STATE_LISTEN) {
    listening[found.port / 8] |= (uint8_t)(1 << found.port % 8);
  }
  fclose(file);
}

/* Whether an address as /proc/net shows it, the words of its network form each as the host's number, is
 * one of 127.0.0.0/8, also mapped into IPv6, or ::1. */
static bool is_loopback(const char *hex) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, one[16] = {[15] = 1};
  uint32_t words[4];
  uint8_t bytes[16];
  size_t count = strlen(hex) / 8;
  if (count != 1 && count != 4) return false;
  for (size_t i = 0; i < count; i++) {
    if (sscanf(hex + 8 * i, "%8x", &words[i]) != 1) return false;
  }
  memcpy(bytes, words, 4 * count);
  if (count == 1) return bytes[0] == 127;
  return memcmp(bytes, one, sizeof one) == 0 || (memcmp(bytes, mapped, sizeof mapped) == 0 && bytes[12] == 127);
}

static bool is_from_outside(const struct socket *found) {
  return found->state == TCP_STATE_ESTABLISHED && (listening[found->port / 8] >> found->port % 8 & 1) != 0 &&
         strcmp(found->local, found->remote) != 0 && !is_loopback(found->remote);
}

static size_t count_established(const char *path) {
  struct socket found;
  size_t count = 0, lines = 0;
  FILE *file = open_table(path);
  if (file == NULL) return 0;
  while (lines < LINES_MAX && read_line(file, &found)) {
    lines++;
    if (is_from_outside(&found)) count++;
  }
  fclose(file);
  return lines < LINES_MAX ? count : count + 1;
}

size_t connections_count(void) {
  size_t count = 0;
  memset(listening, 0, sizeof listening);
  for (size_t i = 0; i < TABLES; i++) note_listening(tables[i]);
  for (size_t i = 0; i < TABLES; i++) count += count_established(tables[i]);
  return count;
}
