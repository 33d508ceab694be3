/* walk.c -- a ledger's lines from one number on, and GAPs for what is not there
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "ledger/scan.h"
#include "ledger/walk.h"

/* Bytes wanted of a log for the blob; where the walk ends somewhere it is not
 * known how many, and a page is small. */
static size_t
want(const struct walk *w, size_t len)
{
	return w->until < UINT64_MAX || len >= w->most ? 1 : w->most - len;
}

static size_t
length(const struct walk *w)
{
	return *w->bytes == NULL ? 0 : (*w->bytes)->len;
}

static bool
over(const struct walk *w)
{
	return w->next >= w->until || length(w) >= w->most;
}

/* What is given or accounted for is not to be so again. */
static void
go_on(struct walk *w, uint64_t next)
{
	w->next = w->least = next;
}

/* low: nothing that is known is between that and the next number. */
static void
make_gap(struct walk *w, uint64_t low, uint64_t to)
{
	uint64_t from = low > w->least ? low : w->least;

	blob_printf(w->bytes, "GAP %.*s %" PRIu64 " %" PRIu64 "\n",
	    (int)w->room.len, w->room.at, from, to);
	go_on(w, to + 1);
}

/* How many lines there are. */
static uint64_t
count_lines(struct slice lines)
{
	const char *at = lines.at, *end = at + lines.len;
	uint64_t count = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		count++;
	}
	return count;
}

/* The last whole line that ends within `most`, or the first line. */
static struct slice
cut(struct slice lines, size_t most)
{
	const char *lf = NULL;

	if (lines.len <= most)
		return lines;
	if (most > 0)
		lf = memrchr(lines.at, '\n', most);
	if (lf == NULL)
		lf = memchr(lines.at, '\n', lines.len);
	return (struct slice){ lines.at, (size_t)(lf + 1 - lines.at) };
}

/* Lines that are as they were written, and as many as their numbers say, can
 * be given without a look at each. */
static bool
take_at_once(struct walk *w, struct scan *s)
{
	struct slice lines = cut(s->lines, w->most - length(w)), text, rest;
	struct log_line first, last;
	const char *lf;

	if (!s->sure || w->until < UINT64_MAX)
		return false;
	rest = lines;
	if (!scan_line(&rest, &text, &first) || first.from != w->next)
		return false;
	lf = memrchr(lines.at, '\n', lines.len - 1);
	if (lf != NULL)
		text = (struct slice){ lf + 1,
			(size_t)(lines.at + lines.len - (lf + 1)) };
	if (!scan_line(&text, &rest, &last) || last.from != last.to ||
	    last.to > s->reader.upper || last.to < first.from ||
	    count_lines(lines) != last.to - first.from + 1)
		return false;
	blob_add(w->bytes, lines);
	go_on(w, last.to + 1);
	s->lines.at += lines.len;
	s->lines.len -= lines.len;
	w->spot.at = s->at += lines.len;
	return true;
}

/* One line; low becomes the number after it. True: it may be that those
 * behind it can be given at once. */
static bool
take_line(struct walk *w, struct scan *s, uint64_t *low)
{
	uint64_t wanted = w->next;
	struct log_line line;
	struct slice text;
	bool is_line = scan_line(&s->lines, &text, &line);

	s->at += text.len;
	if (!is_line || line.to > s->reader.upper || line.to < *low)
		return false;
	if (line.to < wanted) {
		*low = line.to + 1;
		return *low == wanted;
	}
	if (line.from > wanted)
		make_gap(w, *low, line.from - 1);
	*low = line.to + 1;
	if (line.from >= w->until)
		return false;
	blob_add(w->bytes, text);
	go_on(w, *low);
	w->spot.at = s->at;
	return line.from > wanted || line.from < line.to;
}

static void
take(struct walk *w, struct scan *s, uint64_t *low)
{
	bool at_once = true;

	while (s->lines.len > 0 && !over(w)) {
		at_once = at_once && take_at_once(w, s);
		if (at_once)
			*low = w->next;
		else
			at_once = take_line(w, s, low);
	}
}

/* Where its line may be: by the last one, or at the beginning. */
static uint64_t
hint(const struct walk *w, const struct segment *s)
{
	if (w->next <= s->first)
		return 0;
	return w->spot.segment == s->first ? w->spot.at : UINT64_MAX;
}

static int
walk_segment(struct walk *w, struct scan *s)
{
	const struct reader *r = &s->reader;
	uint64_t low = r->lower;
	int rc;

	rc = scan_find(s, w->next, hint(w, &r->segment),
	    want(w, length(w)));
	w->spot.segment = r->segment.first;
	w->spot.at = UINT64_MAX;
	while (rc > 0) {
		take(w, s, &low);
		if (over(w))
			return 1;
		rc = scan_next(s, want(w, length(w)));
	}
	if (rc == 0 && w->next <= r->upper) {
		make_gap(w, low, r->upper);
		w->damaged = true;
	}
	return rc;
}

int
walk_on(struct walk *w)
{
	uint64_t from = w->next, last = ledger_last(w->ledger);
	struct scan s;
	int rc;

	if (w->next > last || over(w))
		return 0;
	rc = scan_open(&s, w->ledger, w->next);
	if (rc > 0)
		rc = walk_segment(w, &s);
	else if (rc == 0)
		make_gap(w, w->least, last);
	scan_close(&s);
	if (w->next > from)
		return 1;
	return rc < 0 ? rc : 0;
}
