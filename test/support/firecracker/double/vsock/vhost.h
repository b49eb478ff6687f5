#ifndef VHOST_H
#define VHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A device whose queues QEMU leaves to us, by the vhost-user protocol (docs/interop/vhost-user.rst of QEMU). */

enum { TO_GUEST, FROM_GUEST, QUEUES };

/* A buffer of the guest's: pieces of its memory, in order. */
struct chain {
  uint16_t head;
  size_t pieces;
  struct {
    uint8_t *data;
    uint32_t length;
  } piece[16];
  size_t length;
};

/* The descriptor that is readable when the guest has done something with a queue; -1 as long as there is none. */
int vhost_kick(int queue);

/* Takes the next message of QEMU's. Returns false when QEMU has gone away. */
bool vhost_serve(int connection, uint64_t guest_cid);

/* Looks at the queue's next buffer. Returns false if there is none. */
bool vhost_next(int queue, struct chain *chain);

/* Gives that buffer back, of which so many bytes were written, and tells the guest. */
void vhost_done(int queue, const struct chain *chain, uint32_t written);

#endif
