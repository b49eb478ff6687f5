#include "route.h"

#include <string.h>

#include "clock.h"
#include "grow.h"
#include "health.h"
#include "listeners.h"
#include "shutdown.h"
#include "usage.h"

static int set_clock(const struct http_request *request, struct text *body) {
  const struct json_member *time = json_find(&request->body, "unix_ns", JSON_INTEGER);
  if (time == NULL || request->body.count != 1) return 400;
  const char *error = clock_set(time->integer);
  if (error == NULL) return 204;
  text_format(body, "{\"error\":\"%s\"}", error);
  return 500;
}

static int shut_down(const struct http_request *request) {
  const struct json_member *action = json_find(&request->body, "action", JSON_STRING);
  if (action == NULL || request->body.count != 1) return 400;
  bool reboot = strcmp(action->string, "reboot") == 0;
  if (!reboot && strcmp(action->string, "poweroff") != 0) return 400;
  return shutdown_begin(reboot) ? 202 : 500;
}

static int grow(const struct http_request *request, struct text *body) {
  const struct json_member *system = json_find(&request->body, "system", JSON_INTEGER);
  const struct json_member *work = json_find(&request->body, "work", JSON_INTEGER);
  if (system == NULL || work == NULL || request->body.count != 2) return 400;
  if (system->integer <= 0 || work->integer <= 0) return 400;
  return grow_disk("system", system->integer, body) && grow_disk("work", work->integer, body) ? 204 : 500;
}

enum route route_request(const struct channel *channel, const struct http_request *request, int *status,
                         struct text *body) {
  const char *target = request->target;
  *status = 404;
  if (!request->post && strcmp(target, "/healthz") == 0) {
    health_report(body);
    *status = 200;
  } else if (!request->post && strcmp(target, "/healthz?wait=ready") == 0) {
    return ROUTE_WAIT_READY;
  } else if (!request->post && channel->query && strcmp(target, "/ports") == 0) {
    listeners_report(body);
    *status = 200;
  } else if (request->post && strcmp(target, "/grow") == 0) {
    *status = channel->grow ? grow(request, body) : 403;
  } else if (!request->post && channel->query && strcmp(target, "/stats") == 0) {
    usage_report(body);
    *status = 200;
  } else if (request->post && strcmp(target, "/clock") == 0) {
    *status = channel->control ? set_clock(request, body) : 403;
  } else if (request->post && strcmp(target, "/shutdown") == 0) {
    *status = channel->control ? shut_down(request) : 403;
  }
  return ROUTE_REPLY;
}
