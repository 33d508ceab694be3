/* scan.h -- a segment's whole lines, some at a time, forwards
 *
 * SPDX-License-Identifier: MIT
 *
 * Lines that lie, or begin, or end in a damaged block are left out; whoever
 * goes through them sees it by the numbers.
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  owns its reader and a buffer; lines are good until the next call. */
#ifndef LEDGER_SCAN_H
#define LEDGER_SCAN_H

#include "ledger/blocks.h"

struct scan {
	struct reader reader;
	uint64_t      block;	/* to be read next */
	size_t        skip;	/* bytes of that to be left out */
	size_t        carry;	/* bytes of a line that goes on there */
	const char   *tail;	/* these */
	bool          unsure;	/* these */
	bool          lost;	/* it begins with the rest of a lost line */
	char         *buffer;
	/* What was read last: */
	struct slice  lines;
	uint64_t      at;	/* their first byte */
	bool          sure;	/* sums are of all of it */
};

/* In the segment in which a number is, or would be. As reader_open(). */
int scan_open(struct scan *, struct ledger *, uint64_t number);
void scan_close(struct scan *);

/* The next lines, about `want` bytes: 1; 0: there are no more; -errno. */
int scan_next(struct scan *, size_t want);
/* The same, but from the line of a number on or from one not far before it;
 * 0: there are none from there on. hint: where that line may begin. */
int scan_find(struct scan *, uint64_t number, uint64_t hint, size_t want);

/* Cuts a line off, of lines that are not empty; it has its LF. False if it is
 * none such as logs have. */
bool scan_line(struct slice *lines, struct slice *text_r,
    struct log_line *line_r);

#endif
