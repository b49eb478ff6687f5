#pragma once

#include <sys/stat.h>

/* What people call something that is not a regular file. */
const char *kind_name(mode_t mode);
