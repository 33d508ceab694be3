/* find.c -- where in a segment something is, by bisection
 *
 * SPDX-License-Identifier: MIT */
#include "base/disk.h"
#include "ledger/find.h"
#include "proto/words.h"

enum {
	/* Any two lines are in a piece, but for damage; of which only so much
	 * is looked through that one damaged block is passed. */
	PIECE = 2 * LINE_MAX_BYTES,
	PIECES = 3 * SUM_BLOCK / PIECE
};

/* The first line in the piece that begins in [from, end), read from `at`. */
static bool
probe_piece(const struct reader *r, struct slice piece, uint64_t at,
    uint64_t from, uint64_t end, bool timed, struct mark *m)
{
	const char *stop = piece.at + piece.len, *p = piece.at, *lf;
	struct log_line line;

	if (from > at) {
		lf = memchr(p, '\n', piece.len);
		p = lf == NULL ? stop : lf + 1;
	}
	for (; p < stop; p = lf + 1) {
		m->at = at + (uint64_t)(p - piece.at);
		lf = memchr(p, '\n', (size_t)(stop - p));
		if (lf == NULL || m->at >= end)
			return false;
		if (!log_line_parse((struct slice){ p, (size_t)(lf + 1 - p) },
		    &line) || (timed && line.time == 0) ||
		    line.from > r->upper)
			continue;
		m->number = line.from;
		m->to = line.to;
		m->time = line.time;
		return true;
	}
	m->at = at + piece.len;
	return false;
}

/* The first line that begins in [from, end); `timed`: of an event. */
static bool
probe(const struct reader *r, uint64_t from, uint64_t end, bool timed,
    struct mark *m)
{
	char bytes[PIECE];
	uint64_t at, size = r->segment.size;
	size_t len;
	ssize_t n;

	for (unsigned i = 0; i < PIECES && from < end; i++) {
		at = from > 0 ? from - 1 : 0;
		len = size - at < PIECE ? (size_t)(size - at) : PIECE;
		n = r->log < 0 ? 0 : disk_read(r->log, bytes, len, at);
		if (n <= 0)
			return false;
		if (probe_piece(r, (struct slice){ bytes, (size_t)n }, at,
		    from, end, timed, m))
			return true;
		from = m->at > from ? m->at : at + (uint64_t)n;
	}
	return false;
}

static struct mark
bisect(const struct reader *r, uint64_t number, uint64_t time)
{
	uint64_t low = 0, high = r->segment.size, mid;
	struct mark best = { 0 }, m;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (probe(r, mid, high, time > 0, &m) &&
		    (time > 0 ? m.time < time : m.number <= number)) {
			best = m;
			low = m.at + 1;
		} else {
			high = mid;
		}
	}
	return best;
}

struct mark
find_number(const struct reader *r, uint64_t number)
{
	return bisect(r, number, 0);
}

struct mark
find_time(const struct reader *r, uint64_t time)
{
	return bisect(r, 0, time);
}

struct mark
find_first(const struct reader *r)
{
	struct mark m;

	return probe(r, 0, r->segment.size, true, &m) ? m :
	    (struct mark){ 0 };
}
