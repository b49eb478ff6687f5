/*
 * tsc-khz: prints the frequency of this machine's time stamp counter in kHz.
 *
 * Two readings of rdtsc against CLOCK_MONOTONIC_RAW, 60 ms apart, each the tightest of several tries so
 * that being scheduled away between the two clocks does no harm. The median of three rounds is printed.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

enum { rounds = 3, tries = 50 };
static const long round_ns = 60 * 1000 * 1000;

struct reading {
  uint64_t ns;
  uint64_t tsc;
};

static uint64_t raw_ns(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct reading read_both(void) {
  struct reading best = {0};
  uint64_t narrowest = UINT64_MAX;

  for (int i = 0; i < tries; i++) {
    uint64_t before = __rdtsc();
    uint64_t ns = raw_ns();
    uint64_t after = __rdtsc();

    if (after - before < narrowest) {
      narrowest = after - before;
      best = (struct reading){.ns = ns, .tsc = before + (after - before) / 2};
    }
  }
  return best;
}

static int ascending(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

  return (x > y) - (x < y);
}

/* CPUID 80000007h EDX bit 8: the counter runs at one rate whatever the processor does. */
static int is_invariant(void) {
  unsigned a, b, c, d;

  return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
}

int main(void) {
  uint64_t khz[rounds];

  for (int i = 0; i < rounds; i++) {
    struct timespec pause = {.tv_nsec = round_ns};
    struct reading first = read_both(), last;

    nanosleep(&pause, NULL);
    last = read_both();
    if (last.ns <= first.ns || last.tsc <= first.tsc) {
      fputs("tsc-khz: the time stamp counter does not advance\n", stderr);
      return 1;
    }
    khz[i] = (last.tsc - first.tsc) * 1000000u / (last.ns - first.ns);
  }
  qsort(khz, rounds, sizeof *khz, ascending);
  printf("%llu %s\n", (unsigned long long)khz[rounds / 2], is_invariant() ? "invariant" : "variant");
  return 0;
}
