#include "launch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

extern char **environ;

/* A script without a line that names its interpreter. */
static void become_script(const char *path, char **argv) {
  size_t count = 0;
  while (argv[count] != NULL) count++;
  char **words = calloc(count + 2, sizeof *words);
  if (words == NULL) return;
  words[0] = "sh";
  words[1] = (char *)path;
  memcpy(words + 2, argv + 1, count * sizeof *words);
  execve("/bin/sh", words, environ);
  free(words);
}

static void become(const char *path, char **argv) {
  execve(path, argv, environ);
  if (errno == ENOEXEC) become_script(path, argv);
}

static int is_absent(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
}

static void search(char **argv) {
  const char *path = getenv("PATH");
  int failure = ENOENT;
  for (const char *at = path == NULL ? DEFAULT_PATH : path;; at++) {
    int length = (int)strcspn(at, ":");
    char file[PATH_MAX];
    /* Nothing between two colons is the directory where we are. */
    int size = snprintf(file, sizeof file, "%.*s%s%s", length, at, length == 0 ? "" : "/", argv[0]);
    if (size < (int)sizeof file) {
      become(file, argv);
      if (!is_absent(errno)) failure = errno;
    }
    at += length;
    if (*at == '\0') break;
  }
  errno = failure;
}

int launch(char **argv) {
  /* With no name, the directories of PATH themselves would be tried. */
  if (argv[0][0] == '\0')
    errno = ENOENT;
  else if (strchr(argv[0], '/') != NULL)
    become(argv[0], argv);
  else
    search(argv);
  return is_absent(errno) ? 127 : 126;
}
