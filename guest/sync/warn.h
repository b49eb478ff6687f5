#ifndef WARN_H
#define WARN_H

/* Each prints one BANGER-WARNING line, which the host shows to the user. Beyond a number they are only counted. */

/* Two halves of a sentence. */
void warn(const char *what, const char *why);

/* A name in /root and what is said of it. What does not belong on a line is escaped, and a long one is cut. */
void warn_name(const char *name, const char *said);

/* The same with errno at the end. */
void warn_error(const char *name, const char *said);

/* Says how many were not printed and waits until the console has them all. */
void warn_end(void);

#endif
