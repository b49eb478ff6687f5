/* Fuzzes what the guest agent does with the bytes it is sent: the requests and their bodies.
 *
 *   fuzz RUNS SEED   mutated inputs, the same ones for the same seed; prints how many
 *   fuzz < FILE      one input
 *
 * Built with the address and undefined behaviour sanitizers, which end it on the first fault; it ends
 * itself when one of the promises of http.h or json.h does not hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"

#define INPUT_MAX 20000
#define GOOD "GET /healthz HTTP/1.1\r\nX-Request-Id: the-good-one\r\n\r\n"

static uint64_t state;
static unsigned long requests_seen, bad_bodies_seen;

static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static size_t below(size_t limit) { return limit == 0 ? 0 : next_random() % limit; }

static void promise(int holds, const char *what, const char *bytes, size_t length) {
  if (holds) return;
  fprintf(stderr, "broken promise: %s; the input follows\n", what);
  fwrite(bytes, 1, length, stderr);
  abort();
}

static uint64_t mix(uint64_t digest, const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) digest = (digest ^ (unsigned char)bytes[i]) * 1099511628211u;
  return digest;
}

struct outcome {
  uint64_t digest;
  bool last_is_good;
};

static void note(struct outcome *outcome, enum http_result result, const struct http_request *request) {
  size_t id = strlen(request->id), target = strlen(request->target);
  promise(id > 0 && id <= HTTP_ID_MAX &&
              strspn(request->id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == id,
          "an id is of plain characters", request->id, id);
  promise(request->target[0] == '/', "a target is a path", request->target, target);
  outcome->digest = mix(outcome->digest, result == HTTP_REQUEST ? "r" : "b", 1);
  outcome->digest = mix(outcome->digest, request->id, id + 1);
  outcome->digest = mix(outcome->digest, request->target, target + 1);
  for (size_t i = 0; result == HTTP_REQUEST && request->post && i < request->body.count; i++) {
    const struct json_member *member = &request->body.members[i];
    outcome->digest = mix(outcome->digest, member->key, strlen(member->key));
    outcome->digest = mix(outcome->digest, member->string, strlen(member->string));
    outcome->digest = mix(outcome->digest, (const char *)&member->integer, sizeof member->integer);
  }
  outcome->last_is_good = result == HTTP_REQUEST && !request->post && strcmp(request->target, "/healthz") == 0 &&
                          strcmp(request->id, "the-good-one") == 0;
  if (result == HTTP_REQUEST)
    requests_seen++;
  else
    bad_bodies_seen++;
}

/* Feeds an input in pieces of at most `piece` bytes, or of random sizes if that is 0. */
static struct outcome feed(const char *bytes, size_t length, size_t piece) {
  struct http_input *input = malloc(sizeof *input);
  struct http_request *request = malloc(sizeof *request);
  struct outcome outcome = {.digest = 14695981039346656037u};
  input->length = 0;
  for (size_t at = 0; at < length;) {
    size_t room = sizeof input->data - input->length;
    promise(room > 0, "an incomplete request never fills the buffer", bytes, length);
    size_t count = piece > 0 ? piece : 1 + below(64);
    if (count > room) count = room;
    if (count > length - at) count = length - at;
    memcpy(input->data + input->length, bytes + at, count);
    input->length += count;
    at += count;
    enum http_result result;
    while ((result = http_next(input, request)) != HTTP_MORE) note(&outcome, result, request);
  }
  free(request);
  free(input);
  return outcome;
}

static void check_requests(const char *bytes, size_t length) {
  uint64_t whole = feed(bytes, length, INPUT_MAX).digest;
  promise(feed(bytes, length, 0).digest == whole, "how the bytes arrive makes no difference", bytes, length);
  char *more = malloc(length + sizeof GOOD);
  memcpy(more, bytes, length);
  memcpy(more + length, GOOD, sizeof GOOD - 1);
  promise(feed(more, length + sizeof GOOD - 1, INPUT_MAX).last_is_good, "a good request is found behind anything",
          bytes, length);
  free(more);
}

static void check_json(const char *bytes, size_t length) {
  struct json_object object;
  char *copy = malloc(length + 1);
  memcpy(copy, bytes, length);
  if (json_parse(copy, length, &object)) promise(object.count <= 8, "an object is small", bytes, length);
  size_t capacity = below(8 * length + 16);
  struct text text = {.data = malloc(capacity + 1), .capacity = capacity};
  json_string(&text, copy, length);
  promise(text.full || (text.length >= 2 && text.data[text.length - 1] == '"'), "a string is closed", bytes, length);
  for (size_t i = 0; i < text.length; i++) {
    promise((unsigned char)text.data[i] >= 0x20 && text.data[i] != 0x7f, "a string has no control characters", bytes,
            length);
  }
  free(text.data);
  free(copy);
}

static const char *const pieces[] = {
    GOOD,
    "POST /clock HTTP/1.1\r\nX-Request-Id: c\r\nContent-Length: 31\r\n\r\n{\"unix_ns\":1800000000000000000}",
    "POST /shutdown HTTP/1.1\r\nHost: banger\r\nX-Request-Id: s\r\nContent-Length: 21\r\n\r\n{\"action\":\"poweroff\"}",
    "POST /grow HTTP/1.1\r\nX-Request-Id: g\r\nContent-Length: "
    "43\r\n\r\n{\"system\":8589934592,\"work\":17592186044416}",
    "GET /ports HTTP/1.1\r\nx-request-id: p\r\n\r\n",
    "GET /stats HTTP/1.1\r\nX-Request-Id: u\r\n\r\n",
    "GET /",
    "POST /",
    "GE",
    "P",
    " HTTP/1.1\r\n",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "X-Request-Id: ",
    "Content-Length: ",
    "Content-Length: 1024\r\n",
    "POST /clock HTTP/1.1\r\nX-Request-Id: a\r\nContent-Length: 9999\r\n\r\n",
    "POST /shutdown HTTP/1.1\r\nHost: ban",
    "GET /healthz HTTP/1.1\r\nX-Request-Id: ",
    "POST /clock HTTP/1.1\r\nX-Request-Id: a\r\nContent-Length: ",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    ":",
    " ",
    "{",
    "}",
    "\"",
    "\\",
    ",",
    "-",
    "{\"a\":1,\"b\":\"c\"}",
    "{\"a\":-9223372036854775808}",
    "{\"a\":9223372036854775808}",
    "\xff\xfe",
    "\xed\xa0\x80",
    "\xf4\x90\x80\x80",
    "\xc3\xa9",
    "\xf0\x9f\x92\xa5",
    "\x1b[31m",
    "%s%n",
};

static size_t add(char *bytes, size_t length, const char *piece, size_t size) {
  if (size > INPUT_MAX - length) size = INPUT_MAX - length;
  memcpy(bytes + length, piece, size);
  return length + size;
}

/* Puts pieces together, some of them cut off, and damages the whole. */
static size_t generate(char *bytes) {
  size_t length = 0, count = 1 + below(below(20) == 0 ? 400 : 8);
  for (size_t i = 0; i < count; i++) {
    const char *piece = pieces[below(below(2) == 0 ? 5 : sizeof pieces / sizeof pieces[0])];
    size_t size = strlen(piece);
    length = add(bytes, length, piece, below(3) == 0 ? below(size + 1) : size);
    if (below(20) == 0) {
      static char run[12000];
      memset(run, below(2) == 0 ? 'a' : (int)below(256), sizeof run);
      length = add(bytes, length, run, below(below(2) == 0 ? 300 : sizeof run));
    }
  }
  for (size_t i = below(6); i > 0 && length > 0; i--) bytes[below(length)] = (char)next_random();
  return length;
}

static int fuzz(unsigned long runs, uint64_t seed) {
  static char bytes[INPUT_MAX];
  /* The generator stands still at zero. */
  state = seed * 2654435769u + 1;
  for (unsigned long i = 0; i < runs; i++) {
    size_t length = generate(bytes);
    check_requests(bytes, length);
    check_json(bytes, length);
    size_t brace = 0;
    while (brace < length && bytes[brace] != '{') brace++;
    check_json(bytes + brace, length - brace);
  }
  printf("inputs=%lu seed=%llu requests=%lu bad_bodies=%lu\n", runs, (unsigned long long)seed, requests_seen,
         bad_bodies_seen);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3) return fuzz(strtoul(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
  static char bytes[INPUT_MAX];
  size_t length = fread(bytes, 1, sizeof bytes, stdin);
  state = 1;
  check_requests(bytes, length);
  check_json(bytes, length);
  printf("requests=%lu bad_bodies=%lu\n", requests_seen, bad_bodies_seen);
  return 0;
}
