#include "grow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

/* EXT4_IOC_RESIZE_FS of the kernel's uapi linux/ext4.h: the new size in blocks of the file system. */
#define RESIZE_FS _IOW('f', 16, uint64_t)

/* The kernel hears of a device's new size by an interrupt, a moment after the host has changed it. */
#define DEVICE_MS 10000
#define POLL_MS 20

/* Where guest/init has the disks, and what they are. */
static const struct disk {
  const char *name;
  const char *device;
  const char *mount;
} disks[] = {
    {"system", "/dev/vdb", "/run/initramfs/banger/system"},
    {"work", "/dev/vdc", "/run/initramfs/banger/work"},
};

static bool has_bytes(int device, int64_t bytes) {
  uint64_t size = 0;
  for (long waited = 0; waited < DEVICE_MS; waited += POLL_MS) {
    if (ioctl(device, BLKGETSIZE64, &size) == 0 && size >= (uint64_t)bytes) return true;
    nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
  }
  return false;
}

/* The mount of a disk, opened, if it is that disk that is mounted there; or -1, with errno. */
static int open_mount(const struct disk *disk) {
  struct stat device, mount;
  int fd = open(disk->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -1;
  if (stat(disk->device, &device) == 0 && fstat(fd, &mount) == 0 && device.st_rdev == mount.st_dev) return fd;
  close(fd);
  errno = ENODEV;
  return -1;
}

static const char *grow_mounted(int mount, int64_t bytes) {
  struct statfs told;
  if (fstatfs(mount, &told) != 0 || told.f_bsize <= 0) return strerror(errno);
  uint64_t blocks = (uint64_t)(bytes / told.f_bsize);
  return ioctl(mount, RESIZE_FS, &blocks) == 0 ? NULL : strerror(errno);
}

static const char *grow(const struct disk *disk, int64_t bytes) {
  int device = open(disk->device, O_RDONLY | O_CLOEXEC);
  if (device < 0) return strerror(errno);
  bool grown = has_bytes(device, bytes);
  close(device);
  if (!grown) return "the device has not grown";
  int mount = open_mount(disk);
  if (mount < 0) return strerror(errno);
  const char *error = grow_mounted(mount, bytes);
  close(mount);
  return error;
}

bool grow_disk(const char *name, int64_t bytes, struct text *body) {
  for (size_t i = 0; i < sizeof disks / sizeof disks[0]; i++) {
    if (strcmp(disks[i].name, name) != 0) continue;
    const char *error = grow(&disks[i], bytes);
    if (error == NULL) return true;
    text_format(body, "{\"error\":\"the %s disk: %s\"}", name, error);
  }
  return false;
}
