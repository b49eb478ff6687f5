#ifndef APPLY_H
#define APPLY_H

#include "plan.h"

/* Does what was planned, takes away what banger wrote and is configured no longer, and writes the new record.
 * Files are whole or as they were at every moment, also for a power failure; what cannot be done is warned of. */
void apply(struct step *steps, const struct archive *archive, const struct record *record, struct places places);

#endif
