#ifndef LISTENERS_H
#define LISTENERS_H

#include "json.h"

/* Appends what listens in the guest, as JSON. Takes up to some seconds where there are many processes. */
void listeners_report(struct text *body);

#endif
