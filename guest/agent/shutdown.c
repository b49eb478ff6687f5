#include "shutdown.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

/* systemd(1), "Signals": SIGRTMIN+4 powers off, SIGRTMIN+5 restarts. Its SIGRTMIN is glibc's, 34;
 * that of musl, which this program is built with, is 35. */
#define SYSTEMD_POWEROFF (34 + 4)
#define SYSTEMD_REBOOT (34 + 5)

/* Time for the reply to leave. */
#define REPLY_MS 50
#define POLL_MS 50
/* systemd that has just started does not listen yet. */
#define LISTEN_MS 20000
/* More than systemd gives each unit to stop (DefaultTimeoutStopSec). Within it, the host decides
 * when to force the machine off. */
#define SYSTEMD_MS 100000
#define TERM_MS 2000
#define SYNC_MS 10000

static void pause_ms(long ms) {
  nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static bool init_is_systemd(void) {
  char name[32];
  size_t length = read_file("/proc/1/comm", name, sizeof name);
  return (length == 8 && memcmp(name, "systemd\n", 8) == 0) || access("/run/systemd/system", F_OK) == 0;
}

/* Whether PID 1 takes a signal, by a handler or by reading it; the kernel drops others it is sent. */
static bool init_takes(int signal) {
  FILE *file = fopen("/proc/1/status", "re");
  if (file == NULL) return true;
  char line[256];
  unsigned long long mask, taken = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    if (sscanf(line, "SigBlk: %llx", &mask) == 1 || sscanf(line, "SigCgt: %llx", &mask) == 1) taken |= mask;
  }
  fclose(file);
  return (taken >> (signal - 1) & 1) != 0;
}

static void ask_systemd(bool restart) {
  int signal = restart ? SYSTEMD_REBOOT : SYSTEMD_POWEROFF;
  for (long waited = 0; !init_takes(signal) && waited < LISTEN_MS; waited += POLL_MS) pause_ms(POLL_MS);
  /* Ends this process, too, once it ends all of them. */
  if (kill(1, signal) == 0) pause_ms(SYSTEMD_MS);
}

/* sync(2) may wait for a disk that never answers. */
static void sync_bounded(void) {
  pid_t pid = fork();
  if (pid == 0) {
    sync();
    _exit(0);
  }
  for (long waited = 0; pid > 0 && waitpid(pid, NULL, WNOHANG) == 0 && waited < SYNC_MS; waited += POLL_MS) {
    pause_ms(POLL_MS);
  }
}

/* Whether the machine ends when it is reset and has no power to switch off, as its host then says. */
static bool ends_by_restart(void) {
  char words[4096];
  size_t length = read_file("/proc/cmdline", words, sizeof words);
  return memmem(words, length, "banger.off=reboot", 17) != NULL;
}

/* For the host, which takes any other restart for one that is to boot again: src/vmm/guest-end.ts. */
static void say_off(void) {
  static const char off[] = "\r\nBANGER-OFF\r\n";
  int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (console < 0) return;
  ssize_t written = write(console, off, sizeof off - 1);
  (void)written;
  close(console);
}

static void shut_down(bool restart) {
  pause_ms(REPLY_MS);
  if (!restart && ends_by_restart()) {
    say_off();
    restart = true;
  }
  if (init_is_systemd()) ask_systemd(restart);
  kill(-1, SIGTERM);
  pause_ms(TERM_MS);
  kill(-1, SIGKILL);
  sync_bounded();
  reboot(restart ? RB_AUTOBOOT : RB_POWER_OFF);
}

bool shutdown_begin(bool restart) {
  static pid_t begun;
  if (begun > 0 && waitpid(begun, NULL, WNOHANG) == 0) return true;
  begun = fork();
  if (begun == 0) {
    setsid();
    /* The port must be free for the agent that is started when this one has been ended. */
    for (int fd = 3; fd < 64; fd++) close(fd);
    shut_down(restart);
    _exit(1);
  }
  return begun > 0;
}
