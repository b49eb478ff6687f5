#ifndef HEALTH_H
#define HEALTH_H

#include <stdbool.h>

#include "json.h"

/* Whether sshd accepts connections and the network, if one was asked for, is up. */
bool health_ready(void);

/* Appends the state of the guest as JSON. */
void health_report(struct text *body);

#endif
