#include <string.h>

#include "json.h"

/* A cursor over bytes that are not terminated. */
struct reader {
  const char *at;
  const char *end;
};

static void skip_spaces(struct reader *reader) {
  while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t')) reader->at++;
}

static bool take(struct reader *reader, char wanted) {
  skip_spaces(reader);
  if (reader->at == reader->end || *reader->at != wanted) return false;
  reader->at++;
  return true;
}

/* Reads a string of printable ASCII. The protocol has no other strings, so there are no escapes. */
static bool take_string(struct reader *reader, char *out, size_t size) {
  if (!take(reader, '"')) return false;
  size_t length = 0;
  for (; reader->at < reader->end; reader->at++) {
    char c = *reader->at;
    if (c == '"') {
      reader->at++;
      out[length] = '\0';
      return true;
    }
    if (c < 0x20 || c > 0x7e || c == '\\' || length + 1 >= size) return false;
    out[length++] = c;
  }
  return false;
}

static bool take_integer(struct reader *reader, int64_t *out) {
  bool negative = take(reader, '-');
  const char *start = reader->at;
  int64_t value = 0;
  for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
    if (__builtin_mul_overflow(value, 10, &value)) return false;
    if (__builtin_sub_overflow(value, *reader->at - '0', &value)) return false;
  }
  size_t digits = (size_t)(reader->at - start);
  if (digits == 0 || (digits > 1 && *start == '0')) return false;
  /* Summed below zero, where there is one number more. */
  if (!negative && __builtin_sub_overflow((int64_t)0, value, &value)) return false;
  *out = value;
  return true;
}

static bool take_member(struct reader *reader, struct json_object *object) {
  if (object->count == sizeof object->members / sizeof object->members[0]) return false;
  struct json_member *member = &object->members[object->count];
  if (!take_string(reader, member->key, sizeof member->key) || !take(reader, ':')) return false;
  for (size_t i = 0; i < object->count; i++) {
    if (strcmp(object->members[i].key, member->key) == 0) return false;
  }
  skip_spaces(reader);
  bool string = reader->at < reader->end && *reader->at == '"';
  member->type = string ? JSON_STRING : JSON_INTEGER;
  if (string ? !take_string(reader, member->string, sizeof member->string) : !take_integer(reader, &member->integer)) {
    return false;
  }
  object->count++;
  return true;
}

bool json_parse(const char *bytes, size_t length, struct json_object *object) {
  struct reader reader = {bytes, bytes + length};
  memset(object, 0, sizeof *object);
  if (!take(&reader, '{')) return false;
  if (!take(&reader, '}')) {
    do {
      if (!take_member(&reader, object)) return false;
    } while (take(&reader, ','));
    if (!take(&reader, '}')) return false;
  }
  skip_spaces(&reader);
  return reader.at == reader.end;
}

const struct json_member *json_find(const struct json_object *object, const char *key, enum json_type type) {
  for (size_t i = 0; i < object->count; i++) {
    const struct json_member *member = &object->members[i];
    if (member->type == type && strcmp(member->key, key) == 0) return member;
  }
  return NULL;
}
