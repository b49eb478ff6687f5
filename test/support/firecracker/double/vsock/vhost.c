#define _GNU_SOURCE
#include "vhost.h"

#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  GET_FEATURES = 1,
  SET_FEATURES,
  SET_OWNER,
  RESET_OWNER,
  SET_MEM_TABLE,
  SET_LOG_BASE,
  SET_LOG_FD,
  SET_VRING_NUM,
  SET_VRING_ADDR,
  SET_VRING_BASE,
  GET_VRING_BASE,
  SET_VRING_KICK,
  SET_VRING_CALL,
  SET_VRING_ERR,
  GET_PROTOCOL_FEATURES,
  SET_PROTOCOL_FEATURES,
  GET_QUEUE_NUM,
  SET_VRING_ENABLE,
  GET_CONFIG = 24,
};
#define REPLY (1u | 4u)
#define NO_DESCRIPTOR 0x100u
/* VIRTIO_F_VERSION_1 and VHOST_USER_F_PROTOCOL_FEATURES */
#define FEATURES (UINT64_C(1) << 32 | UINT64_C(1) << 30)
/* VHOST_USER_PROTOCOL_F_MQ and _CONFIG */
#define PROTOCOL_FEATURES (UINT64_C(1) | UINT64_C(1) << 9)
#define REGIONS_MAX 8

struct region {
  uint64_t guest, size, user, offset;
};

struct message {
  uint32_t request, flags, size;
  union {
    uint64_t u64;
    struct {
      uint32_t index, num;
    } state;
    struct {
      uint32_t index, flags;
      uint64_t desc, used, avail, log;
    } address;
    struct {
      uint32_t count, padding;
      struct region region[REGIONS_MAX];
    } memory;
    struct {
      uint32_t offset, size, flags;
      uint8_t data[256];
    } config;
  } body;
} __attribute__((packed));
#define HEAD offsetof(struct message, body)

static struct {
  struct region region;
  uint8_t *data;
} memory[REGIONS_MAX];
static size_t regions;

static struct {
  unsigned num;
  uint16_t next;
  bool enabled;
  int kick, call;
  struct vring_desc *desc;
  struct vring_avail *avail;
  struct vring_used *used;
} queues[QUEUES] = {{.kick = -1, .call = -1}, {.kick = -1, .call = -1}};

int vhost_kick(int queue) { return queues[queue].kick; }

static void *guest_memory(uint64_t address, uint64_t length) {
  for (size_t i = 0; i < regions; i++) {
    const struct region *region = &memory[i].region;
    if (address >= region->guest && address - region->guest + length <= region->size)
      return memory[i].data + region->offset + (address - region->guest);
  }
  fprintf(stderr, "vsock: the guest has no memory at %#llx\n", (unsigned long long)address);
  exit(1);
}

static void *user_memory(uint64_t address) {
  for (size_t i = 0; i < regions; i++) {
    const struct region *region = &memory[i].region;
    if (address >= region->user && address - region->user < region->size)
      return memory[i].data + region->offset + (address - region->user);
  }
  return NULL;
}

static void map_memory(const struct message *message, const int *fds) {
  for (size_t i = 0; i < regions; i++) munmap(memory[i].data, memory[i].region.size + memory[i].region.offset);
  regions = message->body.memory.count;
  for (size_t i = 0; i < regions; i++) {
    struct region region = message->body.memory.region[i];
    memory[i].region = region;
    memory[i].data = mmap(NULL, region.size + region.offset, PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0);
    close(fds[i]);
    if (memory[i].data == MAP_FAILED) {
      perror("vsock: mmap");
      exit(1);
    }
  }
}

static void replace(int *fd, const struct message *message, int new_fd) {
  if (*fd >= 0) close(*fd);
  *fd = message->body.u64 & NO_DESCRIPTOR ? -1 : new_fd;
}

static void reply(int connection, struct message *message, uint32_t size) {
  message->flags = REPLY;
  message->size = size;
  if (write(connection, message, HEAD + size) != (ssize_t)(HEAD + size)) exit(1);
}

static bool receive(int connection, struct message *message, int *fds) {
  char control[CMSG_SPACE(REGIONS_MAX * sizeof(int))];
  struct iovec head = {.iov_base = message, .iov_len = HEAD};
  struct msghdr header = {.msg_iov = &head, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(connection, &header, MSG_CMSG_CLOEXEC | MSG_WAITALL) != (ssize_t)HEAD) return false;
  struct cmsghdr *ancillary = CMSG_FIRSTHDR(&header);
  if (ancillary != NULL) memcpy(fds, CMSG_DATA(ancillary), ancillary->cmsg_len - CMSG_LEN(0));
  if (message->size > sizeof message->body) return false;
  return message->size == 0 || recv(connection, &message->body, message->size, MSG_WAITALL) == (ssize_t)message->size;
}

bool vhost_serve(int connection, uint64_t guest_cid) {
  struct message message = {0};
  int fds[REGIONS_MAX] = {-1};
  if (!receive(connection, &message, fds)) return false;
  unsigned index = message.body.state.index & 0xff;
  if (message.request >= SET_VRING_NUM && message.request <= SET_VRING_ERR && index >= QUEUES) return false;
  switch (message.request) {
    case GET_FEATURES:
      message.body.u64 = FEATURES;
      reply(connection, &message, sizeof message.body.u64);
      break;
    case GET_PROTOCOL_FEATURES:
      message.body.u64 = PROTOCOL_FEATURES;
      reply(connection, &message, sizeof message.body.u64);
      break;
    case GET_QUEUE_NUM:
      message.body.u64 = QUEUES;
      reply(connection, &message, sizeof message.body.u64);
      break;
    case GET_CONFIG:
      memset(message.body.config.data, 0, sizeof message.body.config.data);
      memcpy(message.body.config.data, &guest_cid, sizeof guest_cid);
      reply(connection, &message, message.size);
      break;
    case SET_MEM_TABLE: map_memory(&message, fds); break;
    case SET_VRING_NUM: queues[index].num = message.body.state.num; break;
    case SET_VRING_BASE: queues[index].next = (uint16_t)message.body.state.num; break;
    case SET_VRING_ADDR:
      queues[index].desc = user_memory(message.body.address.desc);
      queues[index].avail = user_memory(message.body.address.avail);
      queues[index].used = user_memory(message.body.address.used);
      break;
    case GET_VRING_BASE:
      queues[index].enabled = false;
      message.body.state.num = queues[index].next;
      reply(connection, &message, sizeof message.body.state);
      break;
    case SET_VRING_KICK: replace(&queues[index].kick, &message, fds[0]); break;
    case SET_VRING_CALL: replace(&queues[index].call, &message, fds[0]); break;
    case SET_VRING_ENABLE: queues[index % QUEUES].enabled = message.body.state.num != 0; break;
    default: break;
  }
  return true;
}

bool vhost_next(int queue, struct chain *chain) {
  if (!queues[queue].enabled || queues[queue].avail == NULL || queues[queue].kick < 0) return false;
  uint16_t available = __atomic_load_n(&queues[queue].avail->idx, __ATOMIC_ACQUIRE);
  if (available == queues[queue].next) return false;
  uint16_t at = queues[queue].avail->ring[queues[queue].next % queues[queue].num];
  *chain = (struct chain){.head = at};
  for (;;) {
    const struct vring_desc *desc = &queues[queue].desc[at % queues[queue].num];
    if (chain->pieces == sizeof chain->piece / sizeof chain->piece[0]) exit(1);
    chain->piece[chain->pieces].data = guest_memory(desc->addr, desc->len);
    chain->piece[chain->pieces++].length = desc->len;
    chain->length += desc->len;
    if (!(desc->flags & VRING_DESC_F_NEXT)) return true;
    at = desc->next;
  }
}

void vhost_done(int queue, const struct chain *chain, uint32_t written) {
  struct vring_used *used = queues[queue].used;
  used->ring[used->idx % queues[queue].num] = (struct vring_used_elem){.id = chain->head, .len = written};
  __atomic_store_n(&used->idx, (uint16_t)(used->idx + 1), __ATOMIC_RELEASE);
  queues[queue].next++;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  uint64_t one = 1;
  if (queues[queue].call >= 0 && !(queues[queue].avail->flags & VRING_AVAIL_F_NO_INTERRUPT) &&
      write(queues[queue].call, &one, sizeof one) < 0)
    perror("vsock: call");
}
