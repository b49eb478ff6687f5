#ifndef NAMESPACE_H
#define NAMESPACE_H

/*
 * Moves this process into a network namespace of its own. For anybody but root that takes a user
 * namespace, in which our uid is 0: slirp4netns demands that of the namespace that it joins.
 */
void enter_namespace(void);

/* Gives the process the ids back that it had, where enter_namespace changed them. */
void restore_ids(void);

#endif
