/* What ps(1) shows of a process that is neither netns-exec nor the VMM any more. */
#ifndef TITLE_H
#define TITLE_H

/* Remembers where the command line is. To be called before anything else. */
void title_begin(int argc, char **argv);
/* Replaces it: nothing may use the arguments after this. role: what the process is for; control: names the VM. */
void title_set(const char *role, const char *control);

#endif
