#include "virtio.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

#define PORTS "/sys/class/virtio-ports"
#define FAST_POLL_MS 20
#define FAST_POLLS 500
#define SLOW_POLL_MS 1000

/* Makes the device's node where there is none: udev may be masked. */
static void ensure_node(const char *device, const char *path) {
  char attribute[300], numbers[32] = {0};
  struct stat node;
  unsigned int major_number, minor_number;
  snprintf(attribute, sizeof attribute, PORTS "/%s/dev", device);
  read_file(attribute, numbers, sizeof numbers - 1);
  if (sscanf(numbers, "%u:%u", &major_number, &minor_number) != 2) return;
  dev_t number = makedev(major_number, minor_number);
  if (stat(path, &node) == 0) {
    if (S_ISCHR(node.st_mode) && node.st_rdev == number) return;
    unlink(path);
  }
  mknod(path, S_IFCHR | 0600, number);
}

static int open_device(const char *device) {
  char path[300];
  snprintf(path, sizeof path, "/dev/%s", device);
  ensure_node(device, path);
  return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

static int open_named(const char *name) {
  DIR *ports = opendir(PORTS);
  if (ports == NULL) return -1;
  int fd = -1;
  struct dirent *entry;
  while (fd < 0 && (entry = readdir(ports)) != NULL) {
    char attribute[300], found[128];
    if (entry->d_name[0] == '.') continue;
    snprintf(attribute, sizeof attribute, PORTS "/%s/name", entry->d_name);
    size_t length = read_file(attribute, found, sizeof found);
    if (length == strlen(name) + 1 && memcmp(found, name, length - 1) == 0) fd = open_device(entry->d_name);
  }
  closedir(ports);
  return fd;
}

int virtio_open(const char *name) {
  for (unsigned tries = 0;; tries++) {
    int fd = open_named(name);
    if (fd >= 0) return fd;
    /* The name comes some time after the device, and the device may come late. */
    long wait = tries < FAST_POLLS ? FAST_POLL_MS : SLOW_POLL_MS;
    nanosleep(&(struct timespec){.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000}, NULL);
  }
}
