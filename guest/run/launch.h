#pragma once

/* Becomes a program, found as a shell finds it: a name without a slash in PATH, and a file that the kernel
 * cannot run is a script of /bin/sh. Returns only if that failed, with the status of a shell: 127 where there is
 * no such program, otherwise 126. errno says why. */
int launch(char **argv);
