#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>

/* A byte stream to the host, and what may be asked on it. */
struct channel {
  int in;
  int out;
  /* A virtio-serial port: its end of file means that no host listens now, not that none will. */
  bool port;
  /* Requests that change the system, and those that may take long. */
  bool control;
  bool query;
  /* Whether disks may be grown, which is both. */
  bool grow;
};

/* Answers requests until the stream ends or fails; for a port, until it is unplugged. */
void channel_serve(const struct channel *channel);

#endif
