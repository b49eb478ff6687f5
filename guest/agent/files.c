#include "files.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

size_t read_file(const char *path, char *buffer, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return 0;
  size_t length = 0;
  ssize_t count;
  while (length < size && (count = read(fd, buffer + length, size - length)) > 0) length += (size_t)count;
  close(fd);
  return length;
}

void write_file(const char *path, const char *string) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t written = write(fd, string, strlen(string));
  (void)written;
  close(fd);
}
