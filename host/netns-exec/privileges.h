#ifndef PRIVILEGES_H
#define PRIVILEGES_H

/*
 * Gives up every capability, for this process and for all that it will execute, so that not even root's
 * VMM has any. See capabilities(7), "Transformation of capabilities during execve()".
 */
void drop_privileges(void);

/* Gives up every capability of a process that executes nothing and may have none to begin with. */
void give_up_privileges(void);

/* Gives up every capability but that of configuring the present network. */
void keep_network_privilege(void);

#endif
