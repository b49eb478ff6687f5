#ifndef PLAN_H
#define PLAN_H

#include "archive.h"
#include "record.h"

enum action {
  NOTHING,
  /* Put a file or a link in the place of what is there. */
  WRITE,
  /* Make a directory, in the place of a file that is banger's if there is one. */
  MAKE,
  /* Put the permissions right. */
  CHMOD,
};

/* What is done about one entry of the archive. */
struct step {
  enum action action;
  /* Something is in the way, of it or of a directory that it is in: it is left as it is. */
  bool blocked;
  /* It stands in the guest as it is to be, and whether that is banger's doing. */
  bool agreed, written;
};

/* The directories that all is done in: the guest's /root, where the record is, and the /root of the image, which
 * is -1 if it has none. */
struct places {
  int root, state, image;
};

/* Decides about every entry, in their order, and warns of what is in the way. Writes nothing.
 * docs/file-sync.md has the table of cases. */
void plan(struct step *steps, const struct archive *archive, const struct record *record, struct places places);

#endif
