#pragma once

#include <stdbool.h>

/* Tells of something that was not copied, in one line on standard error; the status is 1 then. */
void say_problem(const char *name, const char *what);

/* The same with the words of errno. */
void say_failure(const char *name, const char *what);

/* Tells of something that is as it should be. */
void say_note(const char *name, const char *what, const char *more);

/* Whether there was a problem. */
bool say_status(void);
