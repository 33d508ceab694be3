/* scan.c -- a segment's whole lines, some at a time, forwards
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/alloc.h"
#include "ledger/find.h"
#include "ledger/scan.h"
#include "proto/words.h"

/* The beginning of a line is kept right before the blocks that it goes on
 * in. */
enum { CARRY = LINE_MAX_BYTES };

int
scan_open(struct scan *s, struct ledger *l, uint64_t number)
{
	memset(s, 0, sizeof(*s));
	return reader_open(&s->reader, l, number);
}

void
scan_close(struct scan *s)
{
	reader_close(&s->reader);
	free(s->buffer);
}

static void
go_to(struct scan *s, uint64_t at)
{
	s->block = at / SUM_BLOCK;
	s->skip = at % SUM_BLOCK;
	s->carry = 0;
	s->unsure = false;
	s->lost = false;
}

/* How many bytes there are before damage. */
static size_t
good_bytes(const struct blocks *b, bool *sure)
{
	unsigned i;

	for (i = 0; i < b->count && block_is_good(b->state[i]); i++)
		if (b->state[i] == BLOCK_UNSURE)
			*sure = false;
	return i == b->count ? b->len : (size_t)i * SUM_BLOCK;
}

static const char *
next_line(const char *at, const char *end)
{
	const char *lf = memchr(at, '\n', (size_t)(end - at));

	return lf == NULL ? end : lf + 1;
}

static void
take(struct scan *s, const struct blocks *b)
{
	const char *data = s->buffer + CARRY, *end, *begin, *lf;
	uint64_t at = s->block * SUM_BLOCK;
	size_t len;

	s->sure = !s->unsure;
	len = good_bytes(b, &s->sure);
	s->lines.len = 0;
	if (len == 0) {
		s->block++;
		s->skip = s->carry = 0;
		s->lost = true;
		return;
	}
	s->block += (len + SUM_BLOCK - 1) / SUM_BLOCK;
	end = data + len;
	begin = data + s->skip - s->carry;
	s->skip = s->carry = 0;
	if (s->lost) {
		begin = next_line(begin, end);
		s->lost = begin == end && end[-1] != '\n';
	}
	lf = memrchr(begin, '\n', (size_t)(end - begin));
	s->lines.at = begin;
	s->lines.len = lf == NULL ? 0 : (size_t)(lf + 1 - begin);
	s->at = at + (uint64_t)(begin - data);
	s->tail = begin + s->lines.len;
	s->carry = (size_t)(end - s->tail);
	s->unsure = b->state[(len - 1) / SUM_BLOCK] == BLOCK_UNSURE;
	if (s->carry > CARRY) {
		s->carry = 0;
		s->lost = true;
	}
}

int
scan_next(struct scan *s, size_t want)
{
	const size_t most = (size_t)BLOCKS_MOST * SUM_BLOCK;
	struct blocks b;
	size_t len;
	int rc;

	if (s->buffer == NULL)
		s->tail = s->buffer = xmalloc(CARRY + most);
	do {
		len = want < most - s->skip ? s->skip + want : most;
		memmove(s->buffer + CARRY - s->carry, s->tail, s->carry);
		rc = blocks_read(&s->reader, s->block,
		    (unsigned)((len + SUM_BLOCK - 1) / SUM_BLOCK),
		    s->buffer + CARRY, &b);
		if (rc < 0 || b.count == 0)
			return rc;
		take(s, &b);
	} while (s->lines.len == 0);
	return 1;
}

bool
scan_line(struct slice *lines, struct slice *text_r, struct log_line *line_r)
{
	const char *next = next_line(lines->at, lines->at + lines->len);

	*text_r = (struct slice){ lines->at, (size_t)(next - lines->at) };
	lines->at = next;
	lines->len -= text_r->len;
	return log_line_parse(*text_r, line_r);
}

/* Is there, at that byte, the line of the number; or, unless it has to be
 * exactly that, one before it? Then it was read. */
static int
try_at(struct scan *s, uint64_t at, uint64_t number, bool exactly, size_t want)
{
	struct log_line line;
	struct slice rest, text;
	int rc;

	/* With the end of the line before it, to see that it begins there. */
	go_to(s, at > 0 ? at - 1 : 0);
	s->lost = at > 0;
	rc = scan_next(s, want);
	if (rc <= 0 || s->at != at)
		return rc < 0 ? rc : 0;
	rest = s->lines;
	return scan_line(&rest, &text, &line) && line.from <= number &&
	    (!exactly || number <= line.to);
}

/* From further and further before that, until there is a line before it. */
static int
step_back(struct scan *s, uint64_t at, uint64_t number, size_t want)
{
	uint64_t block = at / SUM_BLOCK;
	struct log_line line = { 0 };
	struct slice rest, text;
	int rc;

	for (uint64_t step = 1; block > 0; step *= 2) {
		block = block > step ? block - step : 0;
		go_to(s, block * SUM_BLOCK);
		s->lost = block > 0;
		rc = scan_next(s, want);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		rest = s->lines;
		while (rest.len > 0 && !scan_line(&rest, &text, &line))
			;
		if (line.from > 0 && line.from <= number)
			return 1;
	}
	go_to(s, 0);
	return scan_next(s, want);
}

int
scan_find(struct scan *s, uint64_t number, uint64_t hint, size_t want)
{
	struct mark m;
	int rc = 0;

	if (hint < s->reader.segment.size)
		rc = try_at(s, hint, number, true, want);
	if (rc != 0)
		return rc;
	m = find_number(&s->reader, number);
	if (m.number > 0)
		rc = try_at(s, m.at, number, false, want);
	return rc != 0 ? rc : step_back(s, m.at, number, want);
}
