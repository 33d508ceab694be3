/* oldest.c -- the oldest line of a ledger that may still be given
 *
 * SPDX-License-Identifier: MIT */
#include "ledger/find.h"
#include "ledger/read.h"

/* Of the newest segment that begins below `below` and may hold something that
 * is older than that; 0 if there is none. */
static uint64_t
older_segment(struct ledger *l, uint64_t below, uint64_t time)
{
	uint64_t first = 0;

	lock_take(&l->lock);
	for (unsigned i = l->count; i > 0 && first == 0; i--)
		if (l->segments[i - 1].first < below &&
		    l->segments[i - 1].time < time)
			first = l->segments[i - 1].first;
	lock_drop(&l->lock);
	return first;
}

/* The time of its first event, kept once it is known; 0: it has none. */
static uint64_t
time_of(const struct reader *r)
{
	struct ledger *l = r->ledger;
	uint64_t time = r->segment.time;

	if (time > 0)
		return time;
	time = find_first(r).time;
	lock_take(&l->lock);
	for (unsigned i = 0; i < l->count; i++)
		if (l->segments[i].first == r->segment.first)
			l->segments[i].time = time;
	lock_drop(&l->lock);
	return time;
}

/* The number after the last event that is older than that, `least` if there is
 * none. Where a clock was set back it may not be the last one, but what is
 * newest and not too old is never before it. */
static uint64_t
after_older(const struct reader *r, uint64_t time, uint64_t least)
{
	struct mark m = find_time(r, time);

	return m.number > 0 ? m.number + 1 : least;
}

static uint64_t
oldest_by_time(struct ledger *l, uint64_t time, uint64_t least)
{
	uint64_t first = UINT64_MAX, begun;
	struct reader r;
	int rc;

	while ((first = older_segment(l, first, time)) > 0) {
		rc = reader_open(&r, l, first);
		begun = rc > 0 ? time_of(&r) : 0;
		if (begun > 0 && begun < time)
			least = after_older(&r, time, first);
		reader_close(&r);
		if (begun > 0 && begun < time)
			break;
	}
	return least;
}

/* The GAP in which a number is; false if it is in none. */
static bool
gap_at(struct ledger *l, uint64_t number, struct mark *m)
{
	struct reader r;
	bool in;

	*m = (struct mark){ 0 };
	if (reader_open(&r, l, number) > 0)
		*m = find_number(&r, number);
	in = m->number > 0 && m->time == 0 && m->to >= number;
	reader_close(&r);
	return in;
}

/* The newest `count` events. After a lost power their numbers have jumped
 * further than anybody counts: what was before the jump is not less wanted
 * for it. A short GAP that lies within is passed over. */
static uint64_t
oldest_by_count(struct ledger *l, uint64_t count, uint64_t least)
{
	uint64_t after = ledger_last(l) + 1;
	struct mark m;

	while (after > count && after - count > least) {
		if (!gap_at(l, after - count, &m))
			return after - count;
		count -= after - 1 - m.to;
		after = m.number;
	}
	return least;
}

uint64_t
ledger_oldest(struct ledger *l, uint64_t wall)
{
	uint64_t last = ledger_last(l), least = last + 1, number;
	uint64_t ms = atomic_load(&l->keep_ms);
	uint64_t count = atomic_load(&l->keep_count);
	struct segment s;

	if (!segment_oldest(l, &s))
		return least;
	if (s.first < least)
		least = s.first;
	if (count > 0)
		least = oldest_by_count(l, count, least);
	if (ms == 0 || wall <= ms)
		return least;
	number = oldest_by_time(l, wall - ms, least);
	return number > least ? number : least;
}
