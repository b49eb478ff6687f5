/*
 * ssh-connect: connects ssh to a VM by its name, wherever that is now. Usage: ssh-connect [--knows] NAME
 *
 * The configuration of ssh for all users (packaging/ssh/banger.conf) has it as its ProxyCommand, with ProxyUseFdpass: a
 * connection is handed over, and no byte goes through here. bangerd keeps the list that is read, in the home that
 * the password database has, as ssh itself has it. With --knows it only tells by its status whether a name is there.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST ".local/state/banger/ssh/hosts"

/* Longer than it takes a guest under emulation to answer, and less than anybody waits. */
enum { patience_seconds = 60 };

/* The list of this user's VMs; NULL if there is none, or others may write to it. */
static FILE *open_list(void) {
  const struct passwd *user = getpwuid(getuid());
  char path[4096];
  struct stat file;
  int fd;

  if (!user || (size_t)snprintf(path, sizeof path, "%s/" LIST, user->pw_dir) >= sizeof path) return NULL;
  fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return NULL;
  if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == getuid() && !(file.st_mode & 022))
    return fdopen(fd, "r");
  close(fd);
  return NULL;
}

/* Finds a name among the lines `NAME ADDRESS PORT`; gives whether it is there. */
static int find(const char *wanted, struct sockaddr_in *at) {
  FILE *list = open_list();
  char line[512], name[256], address[INET_ADDRSTRLEN];
  unsigned short port;
  int found = 0;

  while (list && !found && fgets(line, sizeof line, list)) {
    found = sscanf(line, "%255s %15s %hu", name, address, &port) == 3 && strcasecmp(name, wanted) == 0 &&
            inet_pton(AF_INET, address, &at->sin_addr) == 1;
  }
  if (list) fclose(list);
  if (found) {
    at->sin_family = AF_INET;
    at->sin_port = htons(port);
  }
  return found;
}

/* Hands a descriptor to ssh, which waits for one byte with it. */
static int hand_over(int fd) {
  union {
    char space[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
  } control = {0};
  char byte = 0;
  struct iovec body = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &body, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};

  control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  return sendmsg(STDOUT_FILENO, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int main(int argc, char **argv) {
  int knows = argc == 3 && strcmp(argv[1], "--knows") == 0, fd;
  const char *name = argv[argc - 1];
  struct sockaddr_in at = {0};

  if (argc != 2 && !knows) {
    fputs("usage: ssh-connect [--knows] NAME\n", stderr);
    return 2;
  }
  if (!find(name, &at)) {
    if (!knows) fprintf(stderr, "ssh-connect: there is no VM %s; `banger vm list` shows those there are\n", name);
    return 1;
  }
  if (knows) return 0;
  alarm(patience_seconds);
  fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0) {
    fprintf(stderr, "ssh-connect: %s: %s; if it is stopped, `banger vm start` boots it\n", name, strerror(errno));
    return 1;
  }
  if (hand_over(fd) < 0) {
    perror("ssh-connect: the connection cannot be handed over");
    return 1;
  }
  return 0;
}
