#include "links.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *must(void *memory) {
  if (memory != NULL) return memory;
  perror("sync pack");
  exit(3);
}

/* A file with several names, by the first of them. */
struct linked {
  dev_t device;
  ino_t inode;
  char name[];
};

static void *links;

static int compare(const void *one, const void *other) {
  const struct linked *a = one, *b = other;
  if (a->device != b->device) return a->device < b->device ? -1 : 1;
  return a->inode == b->inode ? 0 : a->inode < b->inode ? -1 : 1;
}

static struct linked *linked_as(const struct stat *stats, const char *name) {
  struct linked *made = must(malloc(sizeof *made + strlen(name) + 1));
  made->device = stats->st_dev;
  made->inode = stats->st_ino;
  strcpy(made->name, name);
  return made;
}

const char *links_find(const struct stat *stats) {
  struct linked *wanted = linked_as(stats, "");
  struct linked **found = tfind(wanted, &links, compare);
  free(wanted);
  return found == NULL ? NULL : (*found)->name;
}

void links_add(const struct stat *stats, const char *name) { must(tsearch(linked_as(stats, name), &links, compare)); }

void links_forget(void) {
  tdestroy(links, free);
  links = NULL;
}
