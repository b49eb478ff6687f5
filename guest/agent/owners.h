#ifndef OWNERS_H
#define OWNERS_H

#include <stddef.h>
#include <sys/types.h>

struct owner {
  unsigned long inode;
  /* 0 where none was found. */
  pid_t pid;
};

/* Finds the processes that hold sockets, by the sockets' inodes. Sorts the owners. Of several that
 * share a socket, the one with the lowest pid is told, but init only if it is the only one. Gives up
 * after some seconds. */
void owners_find(struct owner *owners, size_t count);

/* The owner with that inode, of those sorted by `owners_find`, or NULL. */
const struct owner *owners_get(const struct owner *owners, size_t count, unsigned long inode);

#endif
