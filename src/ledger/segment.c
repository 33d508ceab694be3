/* segment.c -- the segments of a ledger, and the lines in them
 *
 * SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/utf8.h"
#include "ledger/listing.h"
#include "proto/event.h"
#include "proto/words.h"

void
segment_path(const struct ledger *l, uint64_t first, const char *suffix,
    char path_r[LEDGER_PATH])
{
	listing_path(l->dir, first, suffix, path_r);
}

/* How many segments do not begin after a number. Under the lock. */
static unsigned
count_to(const struct ledger *l, uint64_t number)
{
	unsigned low = 0, high = l->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (l->segments[middle].first <= number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Copies one, if it is there, and drops the lock. */
static bool
give(struct ledger *l, unsigned i, struct segment *s)
{
	bool there = i < l->count;

	if (there)
		*s = l->segments[i];
	lock_drop(&l->lock);
	return there;
}

bool
segment_find(struct ledger *l, uint64_t number, struct segment *s)
{
	unsigned n;

	lock_take(&l->lock);
	n = count_to(l, number);
	return give(l, n > 0 ? n - 1 : 0, s);
}

bool
segment_next(struct ledger *l, uint64_t first, struct segment *s)
{
	lock_take(&l->lock);
	return give(l, count_to(l, first), s);
}

bool
segment_oldest(struct ledger *l, struct segment *s)
{
	lock_take(&l->lock);
	return give(l, 0, s);
}

bool
segment_last(struct ledger *l, struct segment *s)
{
	lock_take(&l->lock);
	return give(l, l->count > 0 ? l->count - 1 : 0, s);
}

void
ledger_push(struct ledger *l, const struct segment *s)
{
	lock_take(&l->lock);
	if (l->count == l->space) {
		l->space = l->space > 0 ? 2 * l->space : 4;
		l->segments =
		    xrealloc(l->segments, l->space * sizeof(l->segments[0]));
	}
	l->segments[l->count++] = *s;
	lock_drop(&l->lock);
}

/* "GAP room from to" without its LF. */
static bool
parse_gap(struct slice text, struct log_line *line)
{
	const char *end = text.at + text.len, *second, *third;

	line->room.at = text.at + strlen("GAP ");
	second = memchr(line->room.at, ' ', (size_t)(end - line->room.at));
	if (second == NULL)
		return false;
	line->room.len = (size_t)(second++ - line->room.at);
	third = memchr(second, ' ', (size_t)(end - second));
	return third != NULL &&
	    number_parse((struct slice){ second, (size_t)(third - second) }, 1,
		&line->from) &&
	    number_parse((struct slice){ third + 1, (size_t)(end - third) - 1 },
		line->from, &line->to);
}

static bool
parse_event(struct slice text, struct log_line *line)
{
	struct slice verb;
	struct event e;

	if (!event_parse(text, &e, &verb) || verb.len == 0)
		return false;
	for (size_t i = 0; i < verb.len; i++)
		if (verb.at[i] < 'A' || verb.at[i] > 'Z')
			return false;
	line->room = e.room;
	line->from = line->to = e.number;
	line->time = e.time;
	return true;
}

bool
log_line_parse(struct slice text, struct log_line *line)
{
	memset(line, 0, sizeof(*line));
	if (text.len < 2 || text.len > LINE_MAX_BYTES ||
	    text.at[text.len - 1] != '\n')
		return false;
	text.len--;
	/* Blocks that were never written are zeros. */
	if (utf8_check(text) != UTF8_GOOD)
		return false;
	if (text.len > 4 && memcmp(text.at, "GAP ", 4) == 0
		? !parse_gap(text, line)
		: !parse_event(text, line))
		return false;
	return line->room.len > 0;
}
