#include "usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "connections.h"
#include "files.h"

/* Where guest/init leaves the drives mounted. */
#define DISKS "/run/initramfs/banger/"

/* Since boot, of all processors together, as the first line of /proc/stat tells it: proc(5). */
static void report_cpu(struct text *body) {
  char line[256] = {0};
  unsigned long long user, nice, system, idle, iowait, irq, softirq, steal;
  read_file("/proc/stat", line, sizeof line - 1);
  if (sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &iowait, &irq, &softirq,
             &steal) != 8) {
    return;
  }
  unsigned long long busy = user + nice + system + irq + softirq, total = busy + idle + iowait + steal;
  unsigned long long tick_ms = 1000 / (unsigned long long)sysconf(_SC_CLK_TCK);
  text_format(body, ",\"cpu_busy_ms\":%llu,\"cpu_total_ms\":%llu", busy * tick_ms, total * tick_ms);
}

/* A value of /proc/meminfo in bytes, or 0. */
static unsigned long long memory_value(const char *meminfo, const char *name) {
  const char *line = strstr(meminfo, name);
  return line == NULL ? 0 : 1024 * strtoull(line + strlen(name), NULL, 10);
}

static void report_memory(struct text *body) {
  char meminfo[4096] = {0};
  read_file("/proc/meminfo", meminfo, sizeof meminfo - 1);
  unsigned long long total = memory_value(meminfo, "MemTotal:"), available = memory_value(meminfo, "MemAvailable:");
  if (total > 0) text_format(body, ",\"memory_total\":%llu,\"memory_available\":%llu", total, available);
}

static void report_disk(struct text *body, const char *name, const char *path) {
  struct statvfs disk;
  if (statvfs(path, &disk) != 0) return;
  unsigned long long unit = disk.f_frsize, size = unit * disk.f_blocks, used = unit * (disk.f_blocks - disk.f_bfree);
  text_format(body, ",\"%s_size\":%llu,\"%s_used\":%llu", name, size, name, used);
}

static void report_network(struct text *body, const char *name, const char *path) {
  char number[32] = {0};
  if (read_file(path, number, sizeof number - 1) == 0) return;
  text_format(body, ",\"%s\":%llu", name, strtoull(number, NULL, 10));
}

void usage_report(struct text *body) {
  struct timespec uptime;
  clock_gettime(CLOCK_BOOTTIME, &uptime);
  text_format(body, "{\"uptime_ms\":%lld", (long long)uptime.tv_sec * 1000 + uptime.tv_nsec / 1000000);
  report_cpu(body);
  report_memory(body);
  report_disk(body, "work", DISKS "work");
  report_disk(body, "system", DISKS "system");
  report_network(body, "net_received", "/sys/class/net/eth0/statistics/rx_bytes");
  report_network(body, "net_sent", "/sys/class/net/eth0/statistics/tx_bytes");
  text_format(body, ",\"connections\":%zu}", connections_count());
}
