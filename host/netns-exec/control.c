#define _GNU_SOURCE
#include "control.h"

#include "failure.h"
#include "privileges.h"
#include "route.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/close_range.h>

#define ORDER_MAX 64

/* Who connects and says nothing keeps the others waiting no longer than this. */
static const struct timeval patience = {.tv_sec = 2};

int control_listen(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t mask = umask(0077);

	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	if (unlink(path) < 0 && errno != ENOENT)
		fail(FAIL_SYSTEM, "cannot replace %s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0)
		fail(FAIL_SYSTEM, "cannot listen on %s", path);
	umask(mask);
	return fd;
}

/* Whether it is the VMM that asks: a guest that has broken out of it must not open its own way. */
static int is_vmm(int connection, pid_t vmm)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.pid == vmm;
}

/* Reads a line without its end; gives 0 if none comes. */
static int read_order(int connection, char *order)
{
	size_t length = 0;

	while (length < ORDER_MAX - 1) {
		ssize_t size = recv(connection, order + length, ORDER_MAX - 1 - length, 0);
		char *end;

		if (size <= 0)
			return 0;
		order[length + (size_t)size] = '\0';
		end = strchr(order + length, '\n');
		length += (size_t)size;
		if (end) {
			*end = '\0';
			return 1;
		}
	}
	return 0;
}

/* Gives 0, or an errno. */
static int obey(const char *order, const char *slirp_tap)
{
	struct network network;

	if (strcmp(order, "nat on") == 0)
		return open_outside(slirp_tap);
	if (strcmp(order, "nat off") == 0)
		return close_outside(slirp_tap);
	if (strncmp(order, "deny ", 5) == 0 && parse_network(order + 5, &network))
		return try_deny(network);
	return EINVAL;
}

static void serve(int connection, const char *slirp_tap, pid_t vmm)
{
	char order[ORDER_MAX], answer[128];
	int error;

	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (is_vmm(connection, vmm) || !read_order(connection, order))
		return;
	error = obey(order, slirp_tap);
	snprintf(answer, sizeof answer, "%s\n", error ? strerror(error) : "done");
	/* It may have gone away meanwhile. */
	(void)!send(connection, answer, strlen(answer), MSG_NOSIGNAL);
}

static _Noreturn void control(int listener, const char *slirp_tap, pid_t vmm)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != vmm)
		_exit(0);
	/* Among the descriptors is the one by which slirp4netns knows that the VMM lives. */
	if (dup2(listener, STDIN_FILENO) < 0 || syscall(SYS_close_range, 3u, ~0u, 0u) < 0)
		fail(FAIL_SYSTEM, "cannot close inherited descriptors");
	keep_network_privilege();
	for (;;) {
		int connection = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0)
			continue;
		serve(connection, slirp_tap, vmm);
		close(connection);
	}
}

void control_fork(int listener, const char *slirp_tap)
{
	pid_t vmm = getpid(), child = fork();

	if (child < 0)
		fail(FAIL_SYSTEM, "cannot start a process");
	if (child == 0)
		control(listener, slirp_tap, vmm);
	close(listener);
}
