/* read.c -- a ledger's lines in slices, and one at a time
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "ledger/walk.h"

int
ledger_read(struct ledger *l, struct slice room, uint64_t *next,
    struct spot *spot, size_t most, struct blob **bytes)
{
	struct walk w = { .ledger = l, .room = room, .next = *next,
		.until = UINT64_MAX, .least = *next, .spot = *spot,
		.most = most, .bytes = bytes };
	int rc;

	if (*bytes != NULL)
		w.most += (*bytes)->len;
	/* Damage may be long, and others wait for the thread. */
	do
		rc = walk_on(&w);
	while (rc > 0 && !w.damaged);
	if (rc < 0 && w.next > *next)
		rc = 0;
	*next = w.next;
	*spot = w.spot;
	return rc < 0 ? rc : 0;
}

int
ledger_line(struct ledger *l, uint64_t number, struct blob **line_r)
{
	struct walk w = { .ledger = l, .next = number, .until = number + 1,
		.least = number, .most = SIZE_MAX, .bytes = line_r };
	struct log_line line;
	int rc;

	*line_r = NULL;
	rc = walk_on(&w);
	if (rc <= 0)
		return rc;
	if (log_line_parse((struct slice){ (*line_r)->data, (*line_r)->len },
	    &line) && line.from == number && line.time > 0)
		return 1;
	blob_unref(line_r);
	return 0;
}
