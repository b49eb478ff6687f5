#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

#define HTTP_HEAD_MAX 2048
#define HTTP_BODY_MAX 1024
#define HTTP_ID_MAX 64

/* A request that was read whole. */
struct http_request {
  bool post;
  char target[128];
  char id[HTTP_ID_MAX + 1];
  struct json_object body;
};

/* Bytes received and not yet understood. The buffer holds more than the longest request, so an
 * incomplete one never fills it. */
struct http_input {
  size_t length;
  char data[HTTP_HEAD_MAX + HTTP_BODY_MAX + 4096];
};

enum http_result {
  HTTP_MORE,     /* nothing whole yet */
  HTTP_REQUEST,  /* a request */
  HTTP_BAD_BODY, /* a request whose body is not a JSON object as json.h has it; target and id are set */
};

/* Takes the next request out of the input.
 *
 * A port has no connections, so a request may be cut off anywhere by a host that went away and be
 * followed at once by another host's. Whatever is not a request is dropped up to the next thing that
 * looks like a request line, also inside of what was taken for a header or a body: the next whole
 * request is always found. */
enum http_result http_next(struct http_input *input, struct http_request *request);

/* Gives up on the incomplete request at the start of the input. */
void http_skip(struct http_input *input);

/* Appends a reply. `id` may come from a request only, whose characters were checked. */
void http_reply(struct text *out, int status, const char *id, const char *body, size_t length);

#endif
