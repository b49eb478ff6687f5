#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

void text_append(struct text *text, const char *bytes, size_t length) {
  if (text->full || length > text->capacity - text->length) {
    text->full = true;
    return;
  }
  memcpy(text->data + text->length, bytes, length);
  text->length += length;
}

void text_format(struct text *text, const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof line) {
    text->full = true;
    return;
  }
  text_append(text, line, (size_t)length);
}

/* The length of the UTF-8 sequence at the start of `bytes` (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF), or 0. */
static size_t utf8_length(const unsigned char *bytes, size_t length) {
  unsigned char first = bytes[0];
  if (first < 0x80) return 1;
  size_t need = first >= 0xc2 && first <= 0xdf   ? 2
                : (first & 0xf0) == 0xe0         ? 3
                : first >= 0xf0 && first <= 0xf4 ? 4
                                                 : 0;
  if (need == 0 || need > length) return 0;
  for (size_t i = 1; i < need; i++) {
    if ((bytes[i] & 0xc0) != 0x80) return 0;
  }
  unsigned char second = bytes[1];
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return need;
}

void json_string(struct text *text, const char *bytes, size_t length) {
  text_append(text, "\"", 1);
  for (size_t i = 0; i < length && !text->full;) {
    unsigned char c = (unsigned char)bytes[i];
    size_t sequence = utf8_length((const unsigned char *)bytes + i, length - i);
    if (sequence == 0) {
      text_append(text, "\\ufffd", 6);
      sequence = 1;
    } else if (c == '"' || c == '\\') {
      char escaped[2] = {'\\', (char)c};
      text_append(text, escaped, 2);
    } else if (c < 0x20 || c == 0x7f) {
      text_format(text, "\\u%04x", c);
    } else {
      text_append(text, bytes + i, sequence);
    }
    i += sequence;
  }
  text_append(text, "\"", 1);
}
