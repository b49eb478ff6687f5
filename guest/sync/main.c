/* Puts the user's files of the host into /root of a guest, before anything of the user's runs.
 *
 *   sync ARCHIVE OFFSET ROOT STATE IMAGE
 *
 * ARCHIVE is a drive or file with a tar at OFFSET; ROOT is /root; STATE is a directory on the same file system
 * and outside of it, made where absent, for the record of what was written; IMAGE is the /root of the image.
 * What is in the way in the guest is a warning, a line on standard output. The status is 1 if nothing could be
 * done at all. docs/file-sync.md says what is done when.
 *
 *   sync pack ...
 *   sync into ...
 *
 * do a part of `banger vm cp`: see guest/copy/. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply.h"
#include "copy/copy.h"
#include "warn.h"

static int refuse(const char *what, const char *why) {
  warn(what, why);
  warn_end();
  return 1;
}

static int open_directory(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "pack") == 0) return copy_pack(argc - 1, argv + 1);
  if (argc > 1 && strcmp(argv[1], "into") == 0) return copy_into(argc - 1, argv + 1);
  if (argc != 6) {
    fputs("usage: sync ARCHIVE OFFSET ROOT STATE IMAGE\n", stderr);
    return 2;
  }
  umask(0);
  int drive = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (drive < 0) return refuse(argv[1], " cannot be read");
  if (mkdir(argv[4], 0700) < 0 && errno != EEXIST) return refuse("nothing is written: ", strerror(errno));
  struct places places = {
      .root = open_directory(argv[3]), .state = open_directory(argv[4]), .image = open_directory(argv[5])};
  if (places.root < 0 || places.state < 0) return refuse(argv[places.root < 0 ? 3 : 4], " is no directory");
  struct archive archive;
  const char *wrong = archive_read(&archive, drive, strtoll(argv[2], NULL, 10));
  if (wrong != NULL) return refuse("what the host sent is damaged: ", wrong);
  struct record record;
  wrong = record_read(&record, places.state);
  if (wrong != NULL) warn("what was written before is not known, so that it counts as the guest's: ", wrong);
  struct step *steps = calloc(archive.count + 1, sizeof *steps);
  if (steps == NULL) return refuse("there is not enough memory", "");
  plan(steps, &archive, &record, places);
  apply(steps, &archive, &record, places);
  free(steps);
  record_free(&record);
  archive_free(&archive);
  warn_end();
  return 0;
}
