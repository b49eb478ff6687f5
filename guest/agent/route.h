#ifndef ROUTE_H
#define ROUTE_H

#include "channel.h"
#include "http.h"
#include "json.h"

/* What becomes of a request. */
enum route { ROUTE_REPLY, ROUTE_WAIT_READY };

/* Answers a request: sets the status and appends the body, or says that it is to be answered by
 * `health_report` once the guest is ready. */
enum route route_request(const struct channel *channel, const struct http_request *request, int *status,
                         struct text *body);

#endif
