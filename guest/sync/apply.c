#include "apply.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "remove.h"
#include "staging.h"
#include "warn.h"

static bool is_on_record(const struct record *record, const char *name, const struct state *state) {
  size_t first, count = record_find(record, name, &first);
  for (size_t i = first; i < first + count; i++) {
    const struct line *line = &record->lines[i];
    if (line->written && line->state.kind == state->kind && line->state.mode == state->mode &&
        line->state.size == state->size && memcmp(line->state.digest, state->digest, SHA256_BYTES) == 0) {
      return true;
    }
  }
  return false;
}

/* Puts on record what is about to be written beside what was written: if the guest is cut off in between, the
 * next start knows either of them as banger's. */
static bool announce(const struct step *steps, const struct archive *archive, const struct record *record, int state) {
  struct record next = {.count = 0};
  bool good = record_carry(&next, record, 0, record->count), any = false;
  for (size_t i = 0; good && i < archive->count; i++) {
    const struct entry *entry = &archive->entries[i];
    if (steps[i].action == NOTHING || is_on_record(record, entry->name, &entry->state)) continue;
    any = true;
    good = record_add(&next, entry->name, &entry->state, true);
  }
  good = good && (!any || record_write(&next, state, record));
  int error = errno;
  record_free(&next);
  errno = error;
  return good;
}

static void failed(struct step *step, const struct entry *entry) {
  step->blocked = true;
  if (errno == ENOTEMPTY || errno == EEXIST)
    warn_name(entry->name, " is not written: the guest has a directory there");
  else if (errno == ENOSPC || errno == EDQUOT)
    warn_name(entry->name, " is not written: the guest's disk is full");
  else
    warn_error(entry->name, " is not written: ");
}

/* Writes everything beside its place first: one look at the disk for all of it. */
static int stage(struct step *steps, const struct archive *archive, int state) {
  int staging = -1;
  for (size_t i = 0; i < archive->count; i++) {
    if (steps[i].action != WRITE) continue;
    if (staging < 0) staging = staging_open(state);
    if (staging < 0 || !staging_write(staging, archive, &archive->entries[i])) failed(&steps[i], &archive->entries[i]);
  }
  if (staging >= 0) syncfs(staging);
  return staging;
}

static bool make(int directory, const char *leaf, mode_t mode) {
  if (mkdirat(directory, leaf, mode) == 0) return true;
  return errno == EEXIST && unlinkat(directory, leaf, 0) == 0 && mkdirat(directory, leaf, mode) == 0;
}

static void carry_out(struct step *steps, const struct archive *archive, size_t i, int root, int staging) {
  const struct entry *entry = &archive->entries[i], *parent = archive_parent(archive, entry->name);
  struct step *step = &steps[i];
  if (parent != NULL && steps[parent - archive->entries].blocked) step->blocked = true;
  if (step->blocked || step->action == NOTHING) return;
  const char *leaf;
  int directory = tree_parent(root, entry->name, &leaf);
  bool done = false;
  if (directory >= 0 && step->action == CHMOD)
    done = tree_chmod(directory, leaf, entry->state.mode);
  else if (directory >= 0 && step->action == MAKE)
    done = make(directory, leaf, entry->state.mode);
  else if (directory >= 0)
    done = staging_move(staging, archive, entry, directory, leaf);
  if (done)
    step->agreed = step->written = true;
  else
    failed(step, entry);
  if (directory >= 0) close(directory);
}

static bool note(const struct step *step, const struct entry *entry, const struct record *record, struct record *next) {
  size_t first, count = record_find(record, entry->name, &first);
  if (step->blocked || !step->agreed) return record_carry(next, record, first, count);
  /* A directory that was there is nobody's business; of a file it is of use to know what both sides had. */
  if (entry->state.kind == KIND_DIRECTORY && !step->written) return true;
  return record_add(next, entry->name, &entry->state, step->written);
}

void apply(struct step *steps, const struct archive *archive, const struct record *record, struct places places) {
  struct record next = {.count = 0};
  /* First what makes room. A name on record that is not there any more does no harm. */
  bool good = remove_rest(places.root, archive, record, &next);
  bool announced = announce(steps, archive, record, places.state);
  if (!announced) {
    warn("nothing is written: ", errno == ENOSPC || errno == EDQUOT ? "the guest's disk is full" : strerror(errno));
    for (size_t i = 0; i < archive->count; i++) steps[i].blocked = steps[i].blocked || steps[i].action != NOTHING;
  }
  int staging = announced ? stage(steps, archive, places.state) : -1;
  for (size_t i = 0; i < archive->count; i++) carry_out(steps, archive, i, places.root, staging);
  for (size_t i = 0; good && i < archive->count; i++) good = note(&steps[i], &archive->entries[i], record, &next);
  if (staging >= 0) staging_close(staging, places.state);
  /* The one before holds, too. */
  bool noted = good && record_write(&next, places.state, record);
  if (!noted && announced) warn("what was written cannot be noted: ", strerror(errno));
  record_free(&next);
}
