#ifndef FILES_H
#define FILES_H

#include <stddef.h>

/* The socket state of a listener in /proc/net/tcp (TCP_LISTEN of the kernel's tcp_states.h). */
#define TCP_STATE_LISTEN 0x0a

/* Reads the beginning of a file. Returns how much there was; 0 also when it could not be read. */
size_t read_file(const char *path, char *buffer, size_t size);

/* Writes a string to an existing file; a failure is of no consequence to the callers. */
void write_file(const char *path, const char *string);

#endif
