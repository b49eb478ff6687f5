#include "http.h"

#include <string.h>
#include <strings.h>

#define LINE_MAX_LENGTH 256

enum verdict { INCOMPLETE, WHOLE, WRONG };

/* Where a request stands in the input. */
struct frame {
  size_t head;
  size_t body;
};

/* Whether a request line begins here, as far as the bytes go. */
static bool may_begin(const char *bytes, size_t length) {
  size_t get = length < 5 ? length : 5, post = length < 6 ? length : 6;
  return memcmp(bytes, "GET /", get) == 0 || memcmp(bytes, "POST /", post) == 0;
}

static void drop(struct http_input *input, size_t count) {
  input->length -= count;
  memmove(input->data, input->data + count, input->length);
}

/* Drops what cannot be the beginning of a request. */
static void resynchronise(struct http_input *input, size_t from) {
  while (from < input->length && !may_begin(input->data + from, input->length - from)) from++;
  drop(input, from);
}

static bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static enum verdict read_request_line(const char *bytes, size_t length, struct http_request *request, size_t *at) {
  static const char rest[] = " HTTP/1.1\r\n";
  request->post = bytes[0] == 'P';
  size_t i = request->post ? 5 : 4, target = 0;
  if (length <= i) return INCOMPLETE;
  for (; i < length && bytes[i] != ' '; i++) {
    if (!is_alphanumeric(bytes[i]) && !(bytes[i] != '\0' && strchr("/_.?=&-", bytes[i]))) return WRONG;
    if (target + 1 >= sizeof request->target) return WRONG;
    request->target[target++] = bytes[i];
  }
  request->target[target] = '\0';
  for (size_t j = 0; j < sizeof rest - 1; j++, i++) {
    if (i == length) return INCOMPLETE;
    if (bytes[i] != rest[j]) return WRONG;
  }
  *at = i;
  return WHOLE;
}

static bool read_id(const char *value, size_t length, struct http_request *request) {
  if (request->id[0] != '\0' || length == 0 || length > HTTP_ID_MAX) return false;
  for (size_t i = 0; i < length; i++) {
    if (!is_alphanumeric(value[i]) && value[i] != '-') return false;
  }
  memcpy(request->id, value, length);
  request->id[length] = '\0';
  return true;
}

static bool read_length(const char *value, size_t length, struct frame *frame) {
  if (frame->body != 0 || length == 0 || length > 4) return false;
  for (size_t i = 0; i < length; i++) {
    if (value[i] < '0' || value[i] > '9') return false;
    frame->body = frame->body * 10 + (size_t)(value[i] - '0');
  }
  return frame->body <= HTTP_BODY_MAX;
}

static bool read_header(const char *line, size_t length, struct http_request *request, struct frame *frame) {
  const char *colon = memchr(line, ':', length);
  if (colon == NULL || colon == line) return false;
  size_t name = (size_t)(colon - line);
  for (size_t i = 0; i < name; i++) {
    if (!is_alphanumeric(line[i]) && line[i] != '-') return false;
  }
  /* Not a header but the next host's request, behind one that was cut off in the middle of a line. */
  if (memmem(line, length, " HTTP/1.1", 9) != NULL) return false;
  const char *value = colon + 1, *end = line + length;
  while (value < end && *value == ' ') value++;
  size_t size = (size_t)(end - value);
  if (name == 12 && strncasecmp(line, "X-Request-Id", name) == 0) return read_id(value, size, request);
  if (name == 14 && strncasecmp(line, "Content-Length", name) == 0) return read_length(value, size, frame);
  return name != 17 || strncasecmp(line, "Transfer-Encoding", name) != 0;
}

static enum verdict read_headers(const char *bytes, size_t length, size_t at, struct http_request *request,
                                 struct frame *frame) {
  for (;;) {
    size_t start = at;
    for (; at < length && bytes[at] >= 0x20 && bytes[at] <= 0x7e; at++) {
      if (at - start >= LINE_MAX_LENGTH || at >= HTTP_HEAD_MAX) return WRONG;
    }
    if (at == length) return INCOMPLETE;
    if (bytes[at] != '\r') return WRONG;
    if (at + 1 == length) return INCOMPLETE;
    if (bytes[at + 1] != '\n') return WRONG;
    size_t line = at - start;
    at += 2;
    if (line == 0) break;
    if (!read_header(bytes + start, line, request, frame)) return WRONG;
  }
  frame->head = at;
  return request->id[0] != '\0' && (request->post || frame->body == 0) ? WHOLE : WRONG;
}

static enum verdict read_request(const char *bytes, size_t length, struct http_request *request, struct frame *frame) {
  size_t at = 0;
  memset(frame, 0, sizeof *frame);
  request->id[0] = '\0';
  enum verdict verdict = read_request_line(bytes, length, request, &at);
  if (verdict == WHOLE) verdict = read_headers(bytes, length, at, request, frame);
  if (verdict != WHOLE) return verdict;
  size_t present = length - frame->head;
  for (size_t i = 0; i < present && i < frame->body; i++) {
    /* Bodies are one line: a line end is the next host's. */
    if ((unsigned char)bytes[frame->head + i] < 0x20) return WRONG;
  }
  return present < frame->body ? INCOMPLETE : WHOLE;
}

enum http_result http_next(struct http_input *input, struct http_request *request) {
  struct frame frame;
  resynchronise(input, 0);
  while (input->length > 0) {
    enum verdict verdict = read_request(input->data, input->length, request, &frame);
    if (verdict == INCOMPLETE) return HTTP_MORE;
    if (verdict == WHOLE && (!request->post || json_parse(input->data + frame.head, frame.body, &request->body))) {
      drop(input, frame.head + frame.body);
      return HTTP_REQUEST;
    }
    http_skip(input);
    /* The body may hold the beginning of another host's request, so it was not dropped. */
    if (verdict == WHOLE) return HTTP_BAD_BODY;
  }
  return HTTP_MORE;
}

void http_skip(struct http_input *input) {
  if (input->length > 0) resynchronise(input, 1);
}

static const char *reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

void http_reply(struct text *out, int status, const char *id, const char *body, size_t length) {
  text_format(out, "HTTP/1.1 %d %s\r\nX-Request-Id: %s\r\n", status, reason(status), id);
  if (length > 0) text_append(out, "Content-Type: application/json\r\n", 32);
  text_format(out, "Content-Length: %zu\r\n\r\n", length);
  text_append(out, body, length);
}
