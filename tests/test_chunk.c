/* test_chunk.c -- one writes, others read what is published
 *
 * SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <string.h>

#include "proto/event.h"
#include "room/stream.h"
#include "suite.h"
#include "sync/chunk.h"
#include "sync/thread.h"

enum { LINES = 50000, READERS = 2, STACK = 256 * 1024 };

static void
a_chunk_lives_while_somebody_holds_it_or_what_is_before(void)
{
	struct chunk *a = chunk_new(8, 0, 1), *b = chunk_new(8, 8, 2);
	struct chunk *held = chunk_ref(a), *at;
	uint32_t off = 0;

	CU_ASSERT_EQUAL(a->size, 8);
	CU_ASSERT_EQUAL(b->start, 8);
	CU_ASSERT_EQUAL(b->number, 2);
	memcpy(a->data, "one", 3);
	memcpy(b->data, "four", 4);
	atomic_store(&a->len, 3);
	at = held;
	CU_ASSERT_EQUAL(chunk_ready(&at, &off), 3);
	off = 3;
	CU_ASSERT_EQUAL(chunk_ready(&at, &off), 0);
	CU_ASSERT_PTR_EQUAL(at, a);
	atomic_store(&b->len, 4);
	atomic_store(&a->next, b);
	/* The writer lets go of the first; the reader still has both. */
	chunk_unref(&a);
	CU_ASSERT_PTR_NULL(a);
	CU_ASSERT_EQUAL(chunk_ready(&at, &off), 4);
	CU_ASSERT_PTR_EQUAL(at, b);
	CU_ASSERT_EQUAL(off, 0);
	CU_ASSERT_EQUAL(memcmp(at->data, "four", 4), 0);
	chunk_unref(&held);
	chunk_unref(&held);
}

/* A reader as an io thread has them: holds one chunk, moves its reference
 * up, and checks that it sees every line once and in order. */
struct reader {
	struct thread  thread;
	struct chunk  *chunk;
	unsigned       seen;
	bool           good;
};

static void
read_lines(struct reader *r, const struct chunk *c, uint32_t off,
    uint32_t ready, uint64_t *next)
{
	while (ready > 0) {
		const char *at = c->data + off;
		const char *lf = memchr(at, '\n', ready);
		struct slice line;
		uint64_t n;

		if (lf == NULL) {
			r->good = false;
			return;
		}
		line = (struct slice){ at, (size_t)(lf + 1 - at) };
		n = event_number(line);
		r->good = r->good && n == (*next)++;
		r->seen++;
		off += (uint32_t)line.len;
		ready -= (uint32_t)line.len;
	}
}

static void
read_all(void *arg)
{
	struct reader *r = arg;
	struct chunk *held = r->chunk;
	uint32_t off = 0;
	uint64_t next = 1;

	while (r->good && next <= LINES) {
		struct chunk *at = held;
		uint32_t ready = chunk_ready(&at, &off);

		if (at != held) {
			chunk_ref(at);
			chunk_unref(&held);
			held = at;
		}
		read_lines(r, at, off, ready, &next);
		off += ready;
	}
	chunk_unref(&held);
}

static void
write_line(struct stream *s, unsigned i)
{
	struct event e = { .verb = "MSG", .room = slice_of("lobby"),
		.number = i, .time = 1, .name = slice_of("~a"),
		.text = slice_of("some text or other") };

	stream_commit(s, event_render(&e,
	    stream_reserve(s, event_bound(&e))), true);
}

static void
readers_see_every_line_once_while_one_writes(void)
{
	struct reader r[READERS] = { 0 };
	struct stream s;

	stream_init(&s, 16384, 0);
	for (int i = 0; i < READERS; i++) {
		r[i].good = true;
		r[i].chunk = chunk_ref(s.head);
		CU_ASSERT_EQUAL_FATAL(thread_start(&r[i].thread, "reader",
		    STACK, false, read_all, &r[i]), 0);
	}
	for (unsigned i = 1; i <= LINES; i++) {
		write_line(&s, i);
		if (i % 7 == 0 || i == LINES)
			stream_publish(&s);
	}
	for (int i = 0; i < READERS; i++) {
		thread_join(&r[i].thread);
		CU_ASSERT(r[i].good);
		CU_ASSERT_EQUAL(r[i].seen, LINES);
	}
	stream_fini(&s);
}

static CU_TestInfo tests[] = {
	{ "a chunk lives while somebody holds it, or what is before",
	    a_chunk_lives_while_somebody_holds_it_or_what_is_before },
	{ "readers see every line once while one writes",
	    readers_see_every_line_once_while_one_writes },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "chunk", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
