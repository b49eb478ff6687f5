#pragma once

#include <sys/stat.h>

/* Gives the memory that was asked for, or ends the process. */
void *must(void *memory);

/* The name by which a file with several names was packed; NULL if it was not yet. */
const char *links_find(const struct stat *stats);

void links_add(const struct stat *stats, const char *name);

void links_forget(void);
