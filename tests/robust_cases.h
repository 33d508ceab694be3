/* robust_cases.h -- lines that a server must refuse, or just survive
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  the cases are the caller's, freed by cases_fini(). */
#ifndef TESTS_ROBUST_CASES_H
#define TESTS_ROBUST_CASES_H

#include <stddef.h>

struct bad {
	char       *bytes;     /* with whatever end the line has */
	size_t      len;
	const char *pattern;   /* of the one answer; NULL: there is none */
};

struct cases {
	struct bad *bad;
	size_t      count;
};

/* What one who has logged in, and is in the room `lobby`, may send. */
void cases_lines(struct cases *);
/* First lines, each answered by one ERR and the end. */
void cases_first(struct cases *);
void cases_fini(struct cases *);

#endif
