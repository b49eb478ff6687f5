#include "channel.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "health.h"
#include "http.h"
#include "route.h"

#define WAITERS_MAX 16
#define READY_POLL_MS 15
/* The rest of a request that stopped in the middle will not come. */
#define INCOMPLETE_MS 2000
#define BODY_MAX (512 * 1024)

/* A process serves one channel, so its buffers stand here, untouched pages costing nothing. */
static struct http_input input;
static char body_bytes[BODY_MAX];
static char out_bytes[2 * BODY_MAX];
static struct text out = {.data = out_bytes, .capacity = sizeof out_bytes};
/* Ids of the requests to answer when the guest is ready, the oldest first. */
static char waiters[WAITERS_MAX][HTTP_ID_MAX + 1];
static size_t waiting;

static int64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool has_room(void) { return out.capacity - out.length >= BODY_MAX + HTTP_HEAD_MAX; }

static void reply(int status, const char *id, const struct text *body) {
  if (body->full) {
    http_reply(&out, 500, id, NULL, 0);
  } else {
    http_reply(&out, status, id, body->data, body->length);
  }
}

static void wait_ready(const char *id) {
  /* A host that asks again has given up on its oldest request. */
  if (waiting == WAITERS_MAX) memmove(waiters[0], waiters[1], sizeof waiters[0] * --waiting);
  memcpy(waiters[waiting++], id, sizeof waiters[0]);
}

static void answer_waiters(void) {
  if (waiting == 0 || !has_room() || !health_ready()) return;
  struct text body = {.data = body_bytes, .capacity = sizeof body_bytes};
  health_report(&body);
  for (size_t i = 0; i < waiting; i++) reply(200, waiters[i], &body);
  waiting = 0;
}

static void answer_requests(const struct channel *channel) {
  struct http_request request;
  enum http_result result;
  while (has_room() && (result = http_next(&input, &request)) != HTTP_MORE) {
    struct text body = {.data = body_bytes, .capacity = sizeof body_bytes};
    int status = 400;
    if (result == HTTP_REQUEST && route_request(channel, &request, &status, &body) == ROUTE_WAIT_READY) {
      wait_ready(request.id);
    } else {
      reply(status, request.id, &body);
    }
  }
}

/* No host listens: what it asked and what it has not read is of no use to the next one. */
static void forget(void) {
  input.length = 0;
  out.length = 0;
  waiting = 0;
}

enum transfer { MOVED, BLOCKED, ENDED, FAILED };

static enum transfer receive(int fd) {
  if (input.length == sizeof input.data) return BLOCKED;
  ssize_t count = read(fd, input.data + input.length, sizeof input.data - input.length);
  if (count == 0) return ENDED;
  if (count < 0) return errno == EAGAIN ? BLOCKED : errno == EINTR ? MOVED : FAILED;
  input.length += (size_t)count;
  return MOVED;
}

static enum transfer transmit(int fd) {
  if (out.length == 0) return BLOCKED;
  ssize_t count = write(fd, out.data, out.length);
  if (count < 0) return errno == EAGAIN ? BLOCKED : errno == EINTR ? MOVED : FAILED;
  out.length -= (size_t)count;
  out.full = false;
  memmove(out.data, out.data + count, out.length);
  return MOVED;
}

/* Moves bytes and answers until nothing more can be done now. Returns false at the end. */
static bool advance(const struct channel *channel) {
  for (;;) {
    answer_requests(channel);
    answer_waiters();
    enum transfer sent = transmit(channel->out);
    enum transfer received = receive(channel->in);
    if (sent == FAILED || received == FAILED) return false;
    if (received == ENDED && sent != MOVED) {
      if (!channel->port) return out.length > 0;
      forget();
      return true;
    }
    if (sent == BLOCKED && received == BLOCKED) return true;
  }
}

/* Edge-triggered: a port without a host is always readable, and would be polled without end. */
static int watch(const struct channel *channel) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event reads = {.events = EPOLLIN | EPOLLET}, writes = {.events = EPOLLOUT | EPOLLET};
  if (channel->in == channel->out) reads.events |= EPOLLOUT;
  if (epoll_ctl(fd, EPOLL_CTL_ADD, channel->in, &reads) != 0) return -1;
  if (channel->in != channel->out && epoll_ctl(fd, EPOLL_CTL_ADD, channel->out, &writes) != 0) return -1;
  return fd;
}

void channel_serve(const struct channel *channel) {
  int events = watch(channel);
  if (events < 0) return;
  int64_t heard = now_ms();
  while (advance(channel)) {
    struct epoll_event event;
    int timeout = waiting > 0 ? READY_POLL_MS : input.length > 0 ? INCOMPLETE_MS : -1;
    if (epoll_wait(events, &event, 1, timeout) > 0) {
      heard = now_ms();
    } else if (input.length > 0 && has_room() && now_ms() - heard >= INCOMPLETE_MS) {
      http_skip(&input);
    }
  }
}
