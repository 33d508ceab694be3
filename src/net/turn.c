/* turn.c -- some of what a stream has, from a member's position on
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>

#include "net/io.h"
#include "net/turn.h"
#include "proto/event.h"

static void
add_part(struct turn *t, struct chunk *c, uint32_t off, uint32_t len)
{
	t->iov[t->parts].iov_base = c->data + off;
	t->iov[t->parts].iov_len = len;
	t->chunk[t->parts] = c;
	t->off[t->parts] = off;
	t->parts++;
	t->bytes += len;
}

uint32_t
turn_line(const struct chunk *c, uint32_t off, uint32_t end)
{
	const char *lf = memchr(c->data + off, '\n', end - off);

	assert(lf != NULL);
	return (uint32_t)(lf + 1 - (c->data + off));
}

/* The numbered lines from off to end, in runs; returns how far it came. */
static uint32_t
add_numbered(struct turn *t, struct chunk *c, uint32_t off, uint32_t end,
    size_t most, bool begun)
{
	uint32_t run = off;

	while (off < end && t->bytes + (off - run) < most) {
		uint32_t len = turn_line(c, off, end);

		if (!begun && event_number((struct slice){ c->data + off,
		    len }) == 0) {
			if (off > run)
				add_part(t, c, run, off - run);
			run = off + len;
			if (t->parts == TURN_PARTS)
				return run;
		}
		begun = false;
		off += len;
	}
	if (off > run)
		add_part(t, c, run, off - run);
	return off;
}

void
turn_gather(const struct member *m, struct turn *t, size_t most)
{
	uint64_t live = m->behind == NULL ? 0 : m->behind->live;
	uint64_t limit = m->until;
	bool begun = m->conn->cut == m;

	t->parts = 0;
	t->bytes = 0;
	t->end_chunk = m->chunk;
	t->end_off = m->off;
	if (member_position(m) < live && live < limit)
		limit = live;
	while (t->parts < TURN_PARTS && t->bytes < most) {
		uint32_t ready = chunk_ready(&t->end_chunk, &t->end_off);
		struct chunk *c = t->end_chunk;
		uint64_t at = c->start + t->end_off;
		uint64_t end = atomic_load_explicit(&m->end_at,
		    memory_order_relaxed);

		if (end < limit)
			limit = end;
		if (ready == 0 || at >= limit)
			break;
		if (limit - at < ready)
			ready = (uint32_t)(limit - at);
		if (at < live) {
			t->end_off = add_numbered(t, c, t->end_off,
			    t->end_off + ready, most, begun);
			begun = false;
			continue;
		}
		add_part(t, c, t->end_off, ready);
		t->end_off += ready;
	}
}

void
turn_advance(struct member *m, const struct turn *t, size_t n)
{
	unsigned i = 0;

	m->conn->cut = NULL;
	if (n == t->bytes) {
		m->chunk = t->end_chunk;
		m->off = t->end_off;
		return;
	}
	while (n >= t->iov[i].iov_len)
		n -= t->iov[i++].iov_len;
	m->chunk = t->chunk[i];
	m->off = t->off[i] + (uint32_t)n;
	if (m->off > 0 && m->chunk->data[m->off - 1] != '\n')
		m->conn->cut = m;
}
