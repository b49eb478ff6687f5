#define _GNU_SOURCE
#include "namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"

struct ids {
  uid_t uid;
  gid_t gid;
};

static struct ids original;
static int in_user_namespace;

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);

  if (fd < 0 || write(fd, text, strlen(text)) < 0) fail(FAIL_NAMESPACE, "cannot write %s", path);
  close(fd);
}

/* Maps one uid and one gid of the namespace to those that the process has outside of it. */
static void map_ids(struct ids inside, struct ids outside) {
  char map[64];

  /* Without this the kernel lets nobody unprivileged map a group. */
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%u %u 1", inside.uid, outside.uid);
  write_file("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "%u %u 1", inside.gid, outside.gid);
  write_file("/proc/self/gid_map", map);
}

void enter_namespace(void) {
  original = (struct ids){.uid = geteuid(), .gid = getegid()};
  if (original.uid == 0 && unshare(CLONE_NEWNET) == 0) return;
  /* Root in a container that was denied CAP_SYS_ADMIN is tried as anybody else. */
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) fail(FAIL_NAMESPACE, "cannot make a user and network namespace");
  map_ids((struct ids){0}, original);
  in_user_namespace = 1;
}

void restore_ids(void) {
  if (!in_user_namespace || original.uid == 0) return;
  /* A second user namespace inside the first, since a map is written once. */
  if (unshare(CLONE_NEWUSER) < 0) fail(FAIL_NAMESPACE, "cannot make a second user namespace");
  map_ids(original, (struct ids){0});
}
