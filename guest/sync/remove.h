#ifndef REMOVE_H
#define REMOVE_H

#include "archive.h"
#include "record.h"

/* Takes away what banger wrote, what is configured no longer, and what nobody changed since; then the directories
 * that it made for it and that are empty. What stays on record is added to `next`. Returns false without memory. */
bool remove_rest(int root, const struct archive *archive, const struct record *record, struct record *next);

#endif
