/* figures.h -- what a run measures: times in a histogram, a process's use
 *
 * SPDX-License-Identifier: MIT
 *
 * A histogram has 64 steps for each doubling, so a quantile is within 1.6 % of
 * the truth, in a fixed 20 KiB, and adding to it allocates nothing.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  structs are the caller's; nothing here allocates. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdint.h>
#include <sys/types.h>

#define HISTOGRAM_STEPS 64
#define HISTOGRAM_SLOTS (HISTOGRAM_STEPS * 42)

/* Times in nanoseconds, up to some two hours; a longer one counts as that. */
struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t slots[HISTOGRAM_SLOTS];
};

void histogram_add(struct histogram *h, uint64_t ns);

/* The time that the share `q` (0 to 1) of all entries does not exceed, in
 * nanoseconds; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *h, double q);

/* Prints `NAME_p50_us`, `_p99_us`, `_p999_us`, `_max_us` and `_samples`. */
void histogram_print(const struct histogram *h, const char *name);

/* One process at one moment, as /proc tells it. */
struct use {
	double cpu; /* seconds, user and system, of all its threads */
	long rss;   /* KiB */
	long pss;   /* KiB */
	long threads;
	long descriptors;
};

/* Reads a process's use; 0, or -errno when there is no such process. */
int use_read(pid_t pid, struct use *use_r);

/* Seconds of this process, user and system. */
double own_cpu(void);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t now_ns(void);

/* One figure on a line of its own: the name, a blank, the value. */
void figure_int(const char *name, uint64_t value);
void figure_real(const char *name, double value);

#endif
