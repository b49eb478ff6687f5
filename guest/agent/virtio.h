#ifndef VIRTIO_H
#define VIRTIO_H

/* Waits for the virtio-serial port of that name and opens it, non-blocking. */
int virtio_open(const char *name);

#endif
