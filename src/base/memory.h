/* memory.h -- how much memory the program has, and may have
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: memory_open() before others; the rest one at a time.
 * Locks:   the allocator's, inside memory_give_back().
 * Memory:  keeps one descriptor. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdint.h>

struct memory {
	int      statm;	/* descriptor, or -1: it cannot be known */
	uint64_t group;	/* what its cgroup (version 1 or 2) and those above
			 * let it have, in bytes; UINT64_MAX: as much as
			 * there is */
};

/* Before files of the system are out of reach. */
void memory_open(struct memory *);
void memory_close(struct memory *);
/* Bytes of it that are in the machine's memory now; 0: unknown. */
uint64_t memory_used(const struct memory *);
/* What was freed goes back to the system. It may take some milliseconds. */
void memory_give_back(void);

#endif
