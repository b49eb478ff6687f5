#include "remove.h"

#include <fcntl.h>
#include <unistd.h>

#include "warn.h"

/* Whether the guest has it as banger wrote it, with its permissions. */
static bool is_unchanged(int directory, const char *leaf, struct found *found, const struct line *lines, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const struct line *line = &lines[i];
    bool same_mode = line->state.kind == KIND_LINK || line->state.mode == found->state.mode;
    if (line->written && same_mode && tree_is(directory, leaf, found, &line->state)) return true;
  }
  return false;
}

/* Returns false if it is still to be taken away, because it could not be. */
static bool take_away(int directory, const char *leaf, const struct line *lines, size_t count) {
  struct found found;
  if (!tree_look(directory, leaf, &found) || found.state.kind == KIND_NONE) return true;
  bool content = false, written = false;
  for (size_t i = 0; i < count; i++) {
    if (lines[i].written && lines[i].state.kind == KIND_DIRECTORY) {
      /* One with something in it that is not banger's stays. */
      if (found.state.kind == KIND_DIRECTORY) unlinkat(directory, leaf, AT_REMOVEDIR);
    } else
      content = true;
    written = written || lines[i].written;
  }
  if (!written || found.state.kind == KIND_DIRECTORY) return true;
  if (!content || !is_unchanged(directory, leaf, &found, lines, count)) {
    warn_name(lines->name, " is configured no longer; it was changed in the guest and is kept");
    return true;
  }
  if (unlinkat(directory, leaf, 0) == 0) return true;
  warn_error(lines->name, " cannot be removed: ");
  return false;
}

bool remove_rest(int root, const struct archive *archive, const struct record *record, struct record *next) {
  /* From the end, so that what is in a directory comes before it. */
  for (size_t end = record->count; end > 0;) {
    size_t first, count = record_find(record, record->lines[end - 1].name, &first);
    const struct line *lines = record->lines + first;
    end = first;
    if (archive_find(archive, lines->name) != NULL) continue;
    bool gone = false;
    if (!archive_keeps(archive, lines->name)) {
      const char *leaf;
      int directory = tree_parent(root, lines->name, &leaf);
      gone = directory < 0 || take_away(directory, leaf, lines, count);
      if (directory >= 0) close(directory);
    }
    if (!gone && !record_carry(next, record, first, count)) return false;
  }
  return true;
}
