/* search.c -- the newest messages that hold some words
 *
 * SPDX-License-Identifier: MIT
 *
 * A segment is read backwards, some blocks at a time. A line that the first of
 * them has the end of is left for the next time, which has that block too. */
#include <stdlib.h>

#include "base/alloc.h"
#include "ledger/read.h"
#include "ledger/scan.h"
#include "proto/event.h"
#include "proto/words.h"

struct search {
	const struct words_sought *sought;
	struct ledger *ledger;
	uint64_t       oldest;
	uint64_t       before;
	uint64_t       from;	/* everything from that on was looked at */
	size_t         work;	/* bytes still to be looked at */
	bool           over;
	unsigned       most;	/* lines still to be found */
	unsigned       count;	/* found */
	char          *found;	/* filled from its end */
	size_t         space;	/* free in it */
	size_t         size;
};

/* What is below is not wanted, or has not to be looked at now; but it must
 * have got on. */
static bool
is_over(struct search *s)
{
	return s->over || s->from <= s->oldest ||
	    (s->work == 0 && s->from < s->before);
}

static void
add(struct search *s, struct slice line, uint64_t number)
{
	if (line.len > s->space) {
		s->from = number + 1;
		s->over = true;
		return;
	}
	s->space -= line.len;
	memcpy(s->found + s->space, line.at, line.len);
	s->count++;
	s->over = s->count == s->most;
}

static void
look_at(struct search *s, struct slice line)
{
	struct log_line parsed;
	struct slice verb;
	struct event e;

	/* What numbers do not say is in its place is none. */
	if (!event_parse(line, &e, &verb) || e.number >= s->from)
		return;
	if (e.number < s->oldest) {
		s->over = true;
		s->from = s->oldest;
		return;
	}
	s->from = e.number;
	if ((slice_is(verb, "MSG") || slice_is(verb, "EDIT")) &&
	    words_sought_in(s->sought, e.text) &&
	    log_line_parse(line, &parsed))
		add(s, line, e.number);
}

/* Whole lines, the newest first. */
static void
look_through(struct search *s, const char *begin, const char *end)
{
	const char *lf, *line;

	for (; end > begin && !s->over; end = line) {
		lf = memrchr(begin, '\n', (size_t)(end - 1 - begin));
		line = lf == NULL ? begin : lf + 1;
		look_at(s, (struct slice){ line, (size_t)(end - line) });
	}
}

/* Some of a segment, read last. */
struct part {
	uint64_t end;	/* bytes below that are still to be looked at */
	bool     ragged; /* the last of them are of a lost line */
};

/* Reads the blocks before the end; *first_r is the first of those that are
 * good up to there, b->count if there is none. */
static int
read_back(struct scan *at, const struct part *p, struct blocks *b,
    uint64_t *block_r, unsigned *first_r)
{
	uint64_t last = (p->end - 1) / SUM_BLOCK;
	unsigned count = last < BLOCKS_MOST ? (unsigned)last + 1 : BLOCKS_MOST;
	int rc;

	*block_r = last + 1 - count;
	rc = blocks_read(&at->reader, *block_r, count, at->buffer, b);
	if (rc == 0 && b->count < count) {
		*block_r = last;
		rc = blocks_read(&at->reader, last, 1, at->buffer, b);
	}
	for (*first_r = b->count; *first_r > 0; --*first_r)
		if (!block_is_good(b->state[*first_r - 1]))
			break;
	return rc;
}

static int
look_back(struct search *s, struct scan *at, struct part *p)
{
	const char *begin, *end, *line, *lf;
	unsigned first;
	uint64_t block;
	struct blocks b;
	int rc;

	rc = read_back(at, p, &b, &block, &first);
	if (rc < 0)
		return rc;
	if (first == b.count) {
		p->end = (p->end - 1) / SUM_BLOCK * SUM_BLOCK;
		p->ragged = true;
		return 0;
	}
	begin = at->buffer + (size_t)first * SUM_BLOCK;
	end = at->buffer + (p->end - block * SUM_BLOCK);
	if (p->ragged || end[-1] != '\n') {
		lf = memrchr(begin, '\n', (size_t)(end - begin));
		end = lf == NULL ? begin : lf + 1;
	}
	p->ragged = false;
	line = begin;
	if (block + first > 0) {
		lf = memchr(begin, '\n', (size_t)(end - begin));
		line = lf == NULL ? end : lf + 1;
	}
	look_through(s, line, end);
	if (first > 0 || line == end) {
		p->ragged = line == end;
		line = begin;
	}
	p->end = block * SUM_BLOCK + (uint64_t)(line - at->buffer);
	return 0;
}

/* Where in the segment the first line is that is not wanted any more. */
static int
find_end(struct search *s, struct scan *at, uint64_t *end_r)
{
	struct slice rest, text;
	struct log_line line;
	int rc;

	*end_r = at->reader.segment.size;
	if (s->before > at->reader.upper)
		return 0;
	rc = scan_find(at, s->before, UINT64_MAX, 1);
	if (rc <= 0)
		return rc;
	for (rest = at->lines; rest.len > 0;)
		if (scan_line(&rest, &text, &line) && line.from >= s->before) {
			*end_r = at->at + (uint64_t)(text.at - at->lines.at);
			break;
		}
	return 0;
}

static int
search_segment(struct search *s, struct scan *at)
{
	struct part p = { .ragged = false };
	uint64_t before;
	int rc;

	rc = find_end(s, at, &p.end);
	if (at->buffer == NULL)
		at->buffer = xmalloc((size_t)BLOCKS_MOST * SUM_BLOCK);
	while (rc == 0 && p.end > 0 && !is_over(s)) {
		before = p.end;
		rc = look_back(s, at, &p);
		before -= p.end;
		s->work -= before < s->work ? before : s->work;
	}
	if (rc == 0 && !is_over(s) && s->from > at->reader.segment.first)
		s->from = at->reader.segment.first;
	return rc;
}

/* Segment by segment, the newest first. */
static int
search(struct search *s)
{
	uint64_t below = s->before;
	struct scan at;
	int rc = 1;

	while (rc > 0 && !is_over(s)) {
		rc = scan_open(&at, s->ledger, below - 1);
		if (rc > 0 && at.reader.segment.first < below) {
			below = at.reader.segment.first;
			rc = search_segment(s, &at);
			rc = rc < 0 ? rc : 1;
		} else if (rc >= 0) {
			s->from = s->oldest;
		}
		scan_close(&at);
	}
	return rc;
}

int
ledger_search(struct ledger *l, const struct words_sought *sought,
    uint64_t oldest, uint64_t before, unsigned count, size_t most,
    size_t work, struct blob **bytes_r, unsigned *count_r,
    uint64_t *from_r)
{
	struct search s = { .sought = sought, .ledger = l, .work = work,
		.oldest = oldest > 0 ? oldest : 1, .before = before,
		.most = count };
	uint64_t last = ledger_last(l);
	int rc;

	if (s.before > last)
		s.before = last + 1;
	s.from = s.before;
	s.size = s.space = most > LINE_MAX_BYTES ? most : LINE_MAX_BYTES;
	s.found = xmalloc(s.size);
	rc = search(&s);
	*bytes_r = NULL;
	if (s.count > 0)
		blob_add(bytes_r, (struct slice){ s.found + s.space,
		    s.size - s.space });
	*count_r = s.count;
	*from_r = s.from;
	free(s.found);
	/* What was found before it could not be read is worth something. */
	return rc < 0 && s.from == s.before ? rc : 0;
}
