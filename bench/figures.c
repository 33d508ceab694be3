/* figures.c -- what a run measures: times in a histogram, a process's use
 *
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "figures.h"

#define STEP_BITS 6

/* Below 64 a time is its own slot; above, the six bits behind the leading one
 * number the slot within its doubling. */
static unsigned
slot_of(uint64_t ns)
{
	unsigned shift, slot;

	if (ns < HISTOGRAM_STEPS)
		return ns;
	shift = 63 - __builtin_clzll(ns) - STEP_BITS;
	slot = (shift + 1) * HISTOGRAM_STEPS + ((ns >> shift) & 63);
	return slot < HISTOGRAM_SLOTS ? slot : HISTOGRAM_SLOTS - 1;
}

static uint64_t
slot_top(unsigned slot)
{
	unsigned shift;

	if (slot < HISTOGRAM_STEPS)
		return slot;
	shift = slot / HISTOGRAM_STEPS - 1;
	return ((uint64_t)(slot % HISTOGRAM_STEPS + 65) << shift) - 1;
}

void
histogram_add(struct histogram *h, uint64_t ns)
{
	h->slots[slot_of(ns)]++;
	h->count++;
	if (ns > h->max)
		h->max = ns;
}

uint64_t
histogram_quantile(const struct histogram *h, double q)
{
	uint64_t want = (uint64_t)(q * h->count), seen = 0, top;

	if (h->count == 0)
		return 0;
	for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++) {
		seen += h->slots[i];
		if (seen > want || seen == h->count) {
			top = slot_top(i);
			return top < h->max ? top : h->max;
		}
	}
	return h->max;
}

void
histogram_print(const struct histogram *h, const char *name)
{
	printf("%s_p50_us %.1f\n", name, histogram_quantile(h, 0.50) / 1e3);
	printf("%s_p99_us %.1f\n", name, histogram_quantile(h, 0.99) / 1e3);
	printf("%s_p999_us %.1f\n", name, histogram_quantile(h, 0.999) / 1e3);
	printf("%s_max_us %.1f\n", name, h->max / 1e3);
	printf("%s_samples %llu\n", name, (unsigned long long)h->count);
}

static int
read_proc(pid_t pid, const char *file, char *text, size_t size)
{
	char path[64];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	if (f == NULL)
		return -errno;
	len = fread(text, 1, size - 1, f);
	text[len] = '\0';
	fclose(f);
	return 0;
}

static long
labelled(const char *text, const char *label)
{
	const char *at = strstr(text, label);
	long value = 0;

	if (at != NULL)
		sscanf(at + strlen(label), "%ld", &value);
	return value;
}

static long
count_descriptors(pid_t pid)
{
	char path[64];
	long count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

int
use_read(pid_t pid, struct use *use_r)
{
	struct timespec cpu;
	char text[4096];
	clockid_t clock;
	int err;

	memset(use_r, 0, sizeof(*use_r));
	err = clock_getcpuclockid(pid, &clock);
	if (err != 0)
		return -err;
	/* /proc/PID/stat knows it in hundredths of a second only. */
	if (clock_gettime(clock, &cpu) < 0)
		return -errno;
	use_r->cpu = cpu.tv_sec + cpu.tv_nsec / 1e9;
	if (read_proc(pid, "status", text, sizeof(text)) == 0) {
		use_r->rss = labelled(text, "VmRSS:");
		use_r->threads = labelled(text, "Threads:");
	}
	if (read_proc(pid, "smaps_rollup", text, sizeof(text)) == 0)
		use_r->pss = labelled(text, "\nPss:");
	use_r->descriptors = count_descriptors(pid);
	return 0;
}

double
own_cpu(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	    (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

void
figure_int(const char *name, uint64_t value)
{
	printf("%s %llu\n", name, (unsigned long long)value);
}

void
figure_real(const char *name, double value)
{
	printf("%s %.3f\n", name, value);
}
