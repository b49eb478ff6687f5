#define _GNU_SOURCE
#include "privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"

static void have_no_more_than(unsigned long long capabilities) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3];

  memset(kept, 0, sizeof kept);
  for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++)
    kept[word].effective = kept[word].permitted = (unsigned)(capabilities >> (32 * word));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail(FAIL_PRIVILEGES, "cannot forbid new privileges");
  if (syscall(SYS_capset, &header, kept) < 0) fail(FAIL_PRIVILEGES, "cannot give up the capabilities");
  errno = 0;
}

void give_up_privileges(void) { have_no_more_than(0); }

static void never_get_any(void) {
  /* The kernel may know more capabilities than our headers: ask it where they end. */
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
      fail(FAIL_PRIVILEGES, "cannot drop capability %lu", capability);
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
    fail(FAIL_PRIVILEGES, "cannot clear the ambient capabilities");
}

void drop_privileges(void) {
  never_get_any();
  have_no_more_than(0);
}

void keep_network_privilege(void) {
  never_get_any();
  have_no_more_than(1ull << CAP_NET_ADMIN);
}
