#ifndef TREE_H
#define TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sha256.h"

/* The longest name below /root that is worked with; what is longer is no name. */
#define NAME_BYTES_MAX 4095

enum kind { KIND_NONE, KIND_FILE, KIND_LINK, KIND_DIRECTORY, KIND_OTHER };

/* What stands, stood or shall stand at a name. The digest is that of a file's content or a link's target. */
struct state {
  enum kind kind;
  mode_t mode;
  uint64_t size;
  uint8_t digest[SHA256_BYTES];
};

/* What stands at a name now. Its digest is made when it is needed: a user's file may be of any size. */
struct found {
  struct state state;
  bool digested;
};

/* Whether it is a relative name that leads nowhere but below the directory it is used in. */
bool name_is_good(const char *name);

/* Opens the directory that holds a name, following no symbolic link on the way. Returns -1 and errno if there
 * is none; `leaf` is the name in it. */
int tree_parent(int root, const char *name, const char **leaf);

/* Says what stands at a name of a directory. Returns false and errno if that cannot be said. */
bool tree_look(int directory, const char *leaf, struct found *found);

/* Whether kind and content are the same; the mode does not count. */
bool tree_is(int directory, const char *leaf, struct found *found, const struct state *wanted);

/* The same for a second tree: whether it has the same at the same name. */
bool tree_has(int root, const char *name, int directory, const char *leaf, struct found *found);

/* Changes the permissions of a file or a directory that is no symbolic link. */
bool tree_chmod(int directory, const char *leaf, mode_t mode);

#endif
