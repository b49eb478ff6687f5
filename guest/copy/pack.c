/* Packs files for a copy between the host and a guest, on either side.
 *
 *   sync pack [-h] [-v VOID] [-e END] DIRECTORY NAME [DIRECTORY NAME]...
 *
 * NAME is a file in DIRECTORY, or `.` for all that is in it; a symbolic link of that name is followed, with -h every
 * one. Of a file whose contents became void when it had begun, the archive has zeros, and after it the file VOID: all
 * such names so far, each ended by NUL. END is an empty file behind all else. What was not copied is told on standard
 * error, and the status is 1 then; 2 for wrong usage, 3 if nobody reads the archive. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "contents.h"
#include "copy.h"
#include "kind.h"
#include "links.h"
#include "out.h"
#include "say.h"

static const char removed[] = "it was removed while it was copied";
static const char replaced[] = "it was replaced while it was copied";

static bool follow_all;
static const char *void_name;
static char *voided;
static size_t voided_size;

/* A directory on the way to what is packed. */
struct place {
  const struct place *outer;
  int fd;
  dev_t device;
  ino_t inode;
};

/* A name in a directory. */
struct item {
  const struct place *in;
  const char *leaf;
  /* Its path in the archive. */
  const char *name;
  bool named;
};

static void add_void(const char *name) {
  size_t size = strlen(name) + 1;
  voided = must(realloc(voided, voided_size + size));
  memcpy(voided + voided_size, name, size);
  voided_size += size;
  if (void_name == NULL) return;
  out_header(&(struct header){.name = void_name, .type = '0', .mode = 0600, .size = voided_size});
  out_bytes(voided, voided_size);
  out_padding(voided_size);
}

static bool follows(const struct item *item) { return follow_all || item->named; }

static void pack_opened(int fd, const struct item *item, const struct stat *stats) {
  const char *earlier = stats->st_nlink > 1 ? links_find(stats) : NULL;
  if (earlier != NULL) {
    out_header(&(struct header){
        .name = item->name, .type = '1', .mode = stats->st_mode, .mtime = stats->st_mtim.tv_sec, .target = earlier});
    return;
  }
  enum outcome outcome = contents_pack(fd, item->name, stats);
  if (outcome == OUTCOME_VOID) add_void(item->name);
  if (outcome == OUTCOME_WHOLE && stats->st_nlink > 1) links_add(stats, item->name);
}

static void pack_file(const struct item *item) {
  const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follows(item) ? 0 : O_NOFOLLOW);
  int fd = openat(item->in->fd, item->leaf, flags);
  struct stat stats;
  if (fd < 0 && errno == ENOENT) {
    say_problem(item->name, removed);
  } else if (fd < 0 && errno != ELOOP) {
    say_failure(item->name, "it cannot be read: ");
  } else if (fd < 0 || fstat(fd, &stats) < 0 || !S_ISREG(stats.st_mode)) {
    say_problem(item->name, replaced);
  } else {
    pack_opened(fd, item, &stats);
  }
  if (fd >= 0) close(fd);
}

static void pack_link(const struct item *item, const struct stat *stats) {
  char target[PATH_MAX + 1];
  ssize_t length = readlinkat(item->in->fd, item->leaf, target, sizeof target - 1);
  if (length < 0) {
    say_problem(item->name, errno == ENOENT ? removed : replaced);
    return;
  }
  target[length] = '\0';
  out_header(&(struct header){
      .name = item->name, .type = '2', .mode = 0777, .mtime = stats->st_mtim.tv_sec, .target = target});
}

/* The names in a directory, each ended by NUL and the last by another one. Nothing if it cannot be read. */
static char *list(int fd) {
  DIR *directory = fdopendir(dup(fd));
  if (directory == NULL) return NULL;
  char *names = NULL;
  size_t size = 0, room = 0;
  struct dirent *entry;
  for (errno = 0; (entry = readdir(directory)) != NULL; errno = 0) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    size_t length = strlen(entry->d_name) + 1;
    if (size + length + 1 > room) names = must(realloc(names, room = 2 * (size + length + 1)));
    memcpy(names + size, entry->d_name, length);
    size += length;
  }
  int error = errno;
  closedir(directory);
  if (error != 0) {
    free(names);
    errno = error;
    return NULL;
  }
  names = must(realloc(names, size + 1));
  names[size] = '\0';
  return names;
}

static void pack(const struct item *item);

static void pack_members(const struct place *place, const char *name) {
  char *names = list(place->fd);
  if (names == NULL) {
    say_failure(name, "it cannot be read: ");
    return;
  }
  for (const char *leaf = names; *leaf != '\0'; leaf += strlen(leaf) + 1) {
    char *path = must(malloc(strlen(name) + strlen(leaf) + 2));
    sprintf(path, "%s/%s", name, leaf);
    pack(&(struct item){.in = place, .leaf = leaf, .name = path});
    free(path);
  }
  free(names);
}

static bool is_inside_itself(const struct place *place) {
  for (const struct place *at = place->outer; at != NULL; at = at->outer)
    if (at->device == place->device && at->inode == place->inode) return true;
  return false;
}

static void pack_directory(const struct item *item) {
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follows(item) ? 0 : O_NOFOLLOW);
  int fd = openat(item->in->fd, item->leaf, flags);
  struct stat stats;
  if (fd < 0 && errno == ENOENT) {
    say_problem(item->name, removed);
  } else if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
    say_problem(item->name, replaced);
  } else if (fd < 0 || fstat(fd, &stats) < 0) {
    say_failure(item->name, "it cannot be read: ");
  } else {
    /* What a source itself is in is not on the way: the source may be a link to it. */
    const struct place *outer = item->named ? NULL : item->in;
    struct place place = {.outer = outer, .fd = fd, .device = stats.st_dev, .inode = stats.st_ino};
    if (is_inside_itself(&place)) {
      say_problem(item->name, "it is a link to a directory that it is in");
    } else {
      char *name = must(malloc(strlen(item->name) + 2));
      sprintf(name, "%s/", item->name);
      out_header(&(struct header){.name = name, .type = '5', .mode = stats.st_mode, .mtime = stats.st_mtim.tv_sec});
      free(name);
      pack_members(&place, item->name);
    }
  }
  if (fd >= 0) close(fd);
}

/* Tells why there is nothing to copy. */
static void pack_nothing(const struct item *item, int error) {
  struct stat stats;
  errno = error;
  if (error == ELOOP)
    say_problem(item->name, "its symbolic links lead in a circle");
  else if (error != ENOENT)
    say_failure(item->name, "it cannot be read: ");
  else if (fstatat(item->in->fd, item->leaf, &stats, AT_SYMLINK_NOFOLLOW) == 0)
    say_problem(item->name,
                S_ISLNK(stats.st_mode) ? "it is a symbolic link to something that does not exist" : replaced);
  else
    say_problem(item->name, item->named ? "it does not exist" : removed);
}

static void pack(const struct item *item) {
  struct stat stats;
  if (fstatat(item->in->fd, item->leaf, &stats, follows(item) ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
    pack_nothing(item, errno);
  else if (S_ISDIR(stats.st_mode))
    pack_directory(item);
  else if (S_ISLNK(stats.st_mode))
    pack_link(item, &stats);
  else if (S_ISREG(stats.st_mode))
    pack_file(item);
  else if (item->named) {
    char what[100];
    snprintf(what, sizeof what, "it is %s, which cannot be copied", kind_name(stats.st_mode));
    say_problem(item->name, what);
  } else
    say_note(item->name, "skipped, it is ", kind_name(stats.st_mode));
}

static void pack_source(const char *directory, const char *leaf) {
  struct place place = {.fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC)};
  char *name = must(malloc(strlen(leaf) + 3));
  sprintf(name, "%s%s", strcmp(leaf, ".") == 0 ? "" : "./", leaf);
  for (size_t end = strlen(name); end > 2 && name[end - 1] == '/'; end--) name[end - 1] = '\0';
  if (place.fd < 0)
    say_problem(name, errno == ENOENT || errno == ENOTDIR ? "it does not exist" : "it cannot be reached");
  else {
    pack(&(struct item){.in = &place, .leaf = leaf, .name = name, .named = true});
    close(place.fd);
  }
  free(name);
  /* Two sources may have the same name where they arrive. */
  links_forget();
}

int copy_pack(int argc, char **argv) {
  const char *end = NULL;
  int option;
  while ((option = getopt(argc, argv, "+hv:e:")) != -1) {
    if (option == 'h')
      follow_all = true;
    else if (option == 'v')
      void_name = optarg;
    else if (option == 'e')
      end = optarg;
    else
      return 2;
  }
  if (optind == argc || (argc - optind) % 2 != 0) {
    fputs("usage: sync pack [-h] [-v VOID] [-e END] DIRECTORY NAME [DIRECTORY NAME]...\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  /* A directory is open as long as something in it is packed. */
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  for (int at = optind; at < argc; at += 2) pack_source(argv[at], argv[at + 1]);
  if (end != NULL) out_header(&(struct header){.name = end, .type = '0', .mode = 0600});
  out_end();
  return say_status() ? 1 : 0;
}
