#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text that grows inside a buffer of fixed size. Once something did not fit, `full` is set and what
 * is appended from then on is dropped, so that callers check once, at the end. */
struct text {
  char *data;
  size_t length;
  size_t capacity;
  bool full;
};

void text_append(struct text *text, const char *bytes, size_t length);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a JSON string. The bytes may be anything: control characters are escaped, and what is not
 * UTF-8 becomes U+FFFD. */
void json_string(struct text *text, const char *bytes, size_t length);

enum json_type { JSON_STRING, JSON_INTEGER };

struct json_member {
  char key[32];
  enum json_type type;
  char string[64];
  int64_t integer;
};

/* What the agent accepts as a body: one flat object of strings and whole numbers. */
struct json_object {
  size_t count;
  struct json_member members[8];
};

/* Reads a body. Returns false for anything but such an object, including duplicate keys, strings or
 * keys that are too long, and bytes after its end. */
bool json_parse(const char *bytes, size_t length, struct json_object *object);

/* The member of that name and type, or NULL. */
const struct json_member *json_find(const struct json_object *object, const char *key, enum json_type type);

#endif
