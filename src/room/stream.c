/* stream.c -- a room's broadcast queue: one copy, readers are positions
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>

#include "proto/event.h"
#include "room/stream.h"

/* A quiet room's stream is small; a busy one's chunks are as large as what a
 * send takes at once. */
enum { CHUNK_FIRST = 1024, CHUNK_MOST = 65536 };

void
stream_init(struct stream *s, uint64_t window, uint64_t last)
{
	s->head = chunk_new(CHUNK_FIRST, 0, last + 1);
	s->tail = s->shown = s->head;
	s->fill = s->shown_fill = 0;
	s->window = window;
	s->last = last;
	s->floor = 0;
	atomic_init(&s->start, 0);
}

void
stream_fini(struct stream *s)
{
	assert(s->shown == s->tail);
	chunk_unref(&s->head);
	s->tail = s->shown = NULL;
}

/* A fresh tail, which readers find only once it is published. */
static void
grow(struct stream *s, size_t bound)
{
	uint32_t size = s->tail->size * 2;

	if (size > CHUNK_MOST)
		size = CHUNK_MOST;
	if (size < bound)
		size = (uint32_t)bound;
	s->tail->fill = s->fill;
	s->tail->after = chunk_new(size, stream_end(s), s->last + 1);
	s->tail = s->tail->after;
	s->fill = 0;
}

char *
stream_reserve(struct stream *s, size_t bound)
{
	if (s->tail->size - s->fill < bound)
		grow(s, bound);
	return s->tail->data + s->fill;
}

void
stream_commit(struct stream *s, size_t len, bool numbered)
{
	assert(len <= s->tail->size - s->fill);
	s->fill += (uint32_t)len;
	if (numbered)
		s->last++;
}

struct stream_mark
stream_mark(const struct stream *s)
{
	return (struct stream_mark){ s->tail, s->fill, s->last };
}

void
stream_rewind(struct stream *s, const struct stream_mark *m)
{
	struct chunk *c = m->tail->after, *next;

	for (; c != NULL; c = next) {
		next = c->after;
		chunk_unref(&c);
	}
	m->tail->after = NULL;
	s->tail = m->tail;
	s->fill = m->fill;
	s->last = m->last;
}

void
stream_skip(struct stream *s, uint64_t last)
{
	assert(last > s->last);
	s->last = last;
}

uint64_t
stream_end(const struct stream *s)
{
	return s->tail->start + s->fill;
}

static void
drop_head(struct stream *s)
{
	struct chunk *next = chunk_ref(s->head->after);

	chunk_unref(&s->head);
	s->head = next;
}

static void
move_window(struct stream *s)
{
	while (s->head != s->tail &&
	    stream_end(s) - s->head->after->start >= s->window)
		drop_head(s);
	atomic_store_explicit(&s->start, s->head->start,
	    memory_order_release);
}

bool
stream_publish(struct stream *s)
{
	bool more = s->shown != s->tail || s->fill > s->shown_fill;

	for (; s->shown != s->tail; s->shown = s->shown->after) {
		atomic_store_explicit(&s->shown->len, s->shown->fill,
		    memory_order_release);
		atomic_store_explicit(&s->shown->next, s->shown->after,
		    memory_order_release);
	}
	atomic_store_explicit(&s->tail->len, s->fill, memory_order_release);
	s->shown_fill = s->fill;
	move_window(s);
	return more;
}

bool
stream_is_small(const struct stream *s)
{
	return s->head == s->tail && s->tail->size <= CHUNK_FIRST;
}

bool
stream_shrink(struct stream *s)
{
	assert(s->shown == s->tail && s->fill == s->shown_fill);
	if (stream_is_small(s))
		return false;
	s->tail->fill = s->fill;
	s->tail->after = chunk_new(CHUNK_FIRST, stream_end(s), s->last + 1);
	s->tail = s->tail->after;
	s->fill = 0;
	stream_publish(s);
	while (s->head != s->tail)
		drop_head(s);
	atomic_store_explicit(&s->start, s->head->start,
	    memory_order_release);
	return true;
}

uint64_t
stream_oldest(const struct stream *s)
{
	return s->head->number > s->floor ? s->head->number : s->floor;
}

void
stream_raise(struct stream *s, uint64_t number)
{
	if (s->floor < number)
		s->floor = number;
}

/* Bytes of a chunk that the writer may read: its own, published or not. */
static uint32_t
written(const struct stream *s, const struct chunk *c)
{
	return c == s->tail ? s->fill : c->fill;
}

/* The line at off in c, which is whole. */
static struct slice
line_at(const struct stream *s, const struct chunk *c, uint32_t off)
{
	const char *at = c->data + off;
	const char *end = memchr(at, '\n', written(s, c) - off);

	assert(end != NULL);
	return (struct slice){ at, (size_t)(end - at) + 1 };
}

/* The chunk in which the event begins, or the tail for last + 1. */
static struct chunk *
chunk_of(const struct stream *s, uint64_t number)
{
	struct chunk *c = s->head;

	while (c->after != NULL && c->after->number <= number)
		c = c->after;
	return c;
}

static uint32_t
offset_of(const struct stream *s, const struct chunk *c, uint64_t number)
{
	uint32_t off = 0;

	while (off < written(s, c)) {
		struct slice line = line_at(s, c, off);

		if (event_number(line) == number ||
		    event_gap_end(line) >= number)
			return off;
		off += (uint32_t)line.len;
	}
	return off;
}

void
stream_seek(const struct stream *s, uint64_t number, struct chunk **chunk_r,
    uint32_t *off_r)
{
	struct chunk *c = s->tail;

	assert(number >= stream_oldest(s) && number <= s->last + 1);
	*off_r = s->fill;
	if (number <= s->last) {
		c = chunk_of(s, number);
		*off_r = offset_of(s, c, number);
	}
	*chunk_r = chunk_ref(c);
}

bool
stream_line(const struct stream *s, uint64_t number, struct slice *line_r)
{
	struct chunk *c;

	if (number < s->head->number || number > s->last)
		return false;
	c = chunk_of(s, number);
	*line_r = line_at(s, c, offset_of(s, c, number));
	return true;
}

void
stream_walk(const struct stream *s, uint64_t number,
    void (*fn)(struct slice line, void *arg), void *arg)
{
	struct chunk *c = chunk_of(s, number);
	uint32_t off = offset_of(s, c, number);

	for (; c != NULL; c = c->after, off = 0)
		while (off < written(s, c)) {
			struct slice line = line_at(s, c, off);

			fn(line, arg);
			off += (uint32_t)line.len;
		}
}

uint64_t
stream_start(const struct stream *s)
{
	return atomic_load_explicit(&s->start, memory_order_acquire);
}
