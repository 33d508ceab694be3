/* summary.h -- what an operator looks for first, of all counters
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: main.
 * Locks:   none.
 * Memory:  the caller's. */
#ifndef CLIENT_SUMMARY_H
#define CLIENT_SUMMARY_H

enum { SUMMARY_FACTS = 21, SUMMARY_VALUE = 256 };

/* Zeroed at first. */
struct summary {
	char values[SUMMARY_FACTS][SUMMARY_VALUE];
};

/* One STAT line, behind its verb; what is not among the facts is dropped. */
void summary_keep(struct summary *, const char *text);
/* In a fixed order, a line each; what was not told is left out. */
void summary_print(const struct summary *);

#endif
