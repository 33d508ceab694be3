/* must.h -- memory, or the end of the program
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  the caller's. */
#ifndef BENCH_MUST_H
#define BENCH_MUST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static inline void *
must(void *p)
{
	if (p == NULL) {
		fprintf(stderr, "%s: out of memory\n",
		    program_invocation_short_name);
		exit(2);
	}
	return p;
}

#endif
