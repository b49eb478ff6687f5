#include "plan.h"

#include <unistd.h>

#include "warn.h"

/* A name in its directory, with what stands there and what is known of it. */
struct seen {
  int directory;
  const char *leaf;
  struct found found;
  const struct line *lines;
  size_t count;
};

/* Whether what stands there is what a line says; with `written`, only what banger wrote counts. */
static bool is_recorded(struct seen *seen, bool written) {
  for (size_t i = 0; i < seen->count; i++) {
    if (written && !seen->lines[i].written) continue;
    if (tree_is(seen->directory, seen->leaf, &seen->found, &seen->lines[i].state)) return true;
  }
  return false;
}

/* Nobody in the guest has changed it, so it may be replaced. What banger knows nothing of is as the image has it. */
static bool is_untouched(struct seen *seen, const char *name, int image) {
  if (seen->found.state.kind != KIND_FILE && seen->found.state.kind != KIND_LINK) return false;
  if (seen->count > 0) return is_recorded(seen, false);
  return image >= 0 && tree_has(image, name, seen->directory, seen->leaf, &seen->found);
}

static void in_the_way(const char *name, enum kind kind) {
  static const char *const what[] = {
      [KIND_FILE] = " was changed in the guest and is kept as it is there",
      [KIND_LINK] = " is kept: the guest has a symbolic link there",
      [KIND_DIRECTORY] = " is not written: the guest has a directory there",
      [KIND_OTHER] = " is not written: the guest has a special file there",
  };
  warn_name(name, what[kind]);
}

static struct step plan_directory(struct seen *seen, const struct entry *entry, int image) {
  const struct state *state = &seen->found.state;
  if (state->kind == KIND_NONE) return (struct step){.action = MAKE};
  if (state->kind == KIND_DIRECTORY) {
    bool written = is_recorded(seen, true);
    bool wrong = written && !entry->parent && state->mode != entry->state.mode;
    return (struct step){.action = wrong ? CHMOD : NOTHING, .agreed = true, .written = written};
  }
  if (is_untouched(seen, entry->name, image)) return (struct step){.action = MAKE};
  if (state->kind == KIND_FILE)
    warn_name(entry->name, " is not made: the guest has a file there");
  else
    in_the_way(entry->name, state->kind);
  return (struct step){.blocked = true};
}

static struct step plan_content(struct seen *seen, const struct entry *entry, int image) {
  const struct state *state = &seen->found.state;
  if (state->kind == KIND_NONE) return (struct step){.action = WRITE};
  if (tree_is(seen->directory, seen->leaf, &seen->found, &entry->state)) {
    bool written = is_recorded(seen, true);
    bool wrong = written && state->kind == KIND_FILE && state->mode != entry->state.mode;
    return (struct step){.action = wrong ? CHMOD : NOTHING, .agreed = true, .written = written};
  }
  /* What banger made and what is empty then goes; that is seen when it is tried. */
  if (state->kind == KIND_DIRECTORY && is_recorded(seen, true)) return (struct step){.action = WRITE};
  if (is_untouched(seen, entry->name, image)) return (struct step){.action = WRITE};
  in_the_way(entry->name, state->kind);
  return (struct step){.blocked = true};
}

static struct step plan_entry(const struct entry *entry, const struct record *record, struct places places) {
  struct seen seen = {.directory = tree_parent(places.root, entry->name, &seen.leaf)};
  struct step step = {.blocked = true};
  size_t first;
  seen.count = record_find(record, entry->name, &first);
  if (seen.count > 0) seen.lines = record->lines + first;
  if (seen.directory < 0 || !tree_look(seen.directory, seen.leaf, &seen.found))
    warn_error(entry->name, " cannot be looked at: ");
  else if (entry->state.kind == KIND_DIRECTORY)
    step = plan_directory(&seen, entry, places.image);
  else
    step = plan_content(&seen, entry, places.image);
  if (seen.directory >= 0) close(seen.directory);
  return step;
}

void plan(struct step *steps, const struct archive *archive, const struct record *record, struct places places) {
  for (size_t i = 0; i < archive->count; i++) {
    const struct entry *entry = &archive->entries[i];
    const struct entry *parent = archive_parent(archive, entry->name);
    const struct step *above = parent == NULL ? NULL : &steps[parent - archive->entries];
    if (above != NULL && above->blocked) steps[i] = (struct step){.blocked = true};
    /* What is still to be made has nothing in it. */
    else if (above != NULL && above->action == MAKE)
      steps[i].action = entry->state.kind == KIND_DIRECTORY ? MAKE : WRITE;
    else
      steps[i] = plan_entry(entry, record, places);
  }
}
