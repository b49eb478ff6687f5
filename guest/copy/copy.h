#pragma once

/* Both run for one call of the program, which gives what they return as its status. */

/* Writes an archive of files to standard output: see pack.c. */
int copy_pack(int argc, char **argv);

/* Writes standard input into a device or a named pipe: see into.c. */
int copy_into(int argc, char **argv);
