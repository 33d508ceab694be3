/* test_stream.c -- one copy, readers are positions
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "abort.h"
#include "proto/event.h"
#include "room/stream.h"
#include "suite.h"

enum { WINDOW = 16384 };

/* A line of some `size` bytes of text; a SIGNAL if it is not numbered. */
static void
add(struct stream *s, size_t size, bool numbered)
{
	char text[4000];
	struct event e = { .verb = numbered ? "MSG" : "SIGNAL",
		.room = slice_of("lobby"), .name = slice_of("~a"),
		.number = numbered ? s->last + 1 : 0, .time = 1,
		.text = { text, size } };

	memset(text, 'x', size);
	stream_commit(s, event_render(&e,
	    stream_reserve(s, event_bound(&e))), numbered);
}

static void
end(struct stream *s)
{
	stream_publish(s);
	stream_fini(s);
}

static void
numbers_go_on_after_the_last(void)
{
	struct stream s;

	stream_init(&s, WINDOW, 41);
	CU_ASSERT_EQUAL(stream_oldest(&s), 42);
	add(&s, 10, true);
	add(&s, 10, false);
	CU_ASSERT_EQUAL(s.last, 42);
	CU_ASSERT_EQUAL(stream_oldest(&s), 42);
	end(&s);
}

static void
readers_see_what_is_published_and_no_more(void)
{
	struct chunk *held, *c;
	struct stream s;
	uint32_t off;

	stream_init(&s, WINDOW, 0);
	stream_seek(&s, 1, &held, &off);
	c = held;
	CU_ASSERT_FALSE(stream_publish(&s));
	for (int i = 0; i < 40; i++)
		add(&s, 1000, true);
	CU_ASSERT_EQUAL(chunk_ready(&c, &off), 0);
	CU_ASSERT(stream_publish(&s));
	CU_ASSERT_FALSE(stream_publish(&s));
	CU_ASSERT(chunk_ready(&c, &off) > 900);
	chunk_unref(&held);
	end(&s);
}

static void
a_place_is_the_line_of_its_number(void)
{
	struct stream s;

	stream_init(&s, WINDOW * 100, 1000);
	for (int i = 0; i < 300; i++) {
		add(&s, (size_t)(i * 37 % 900), true);
		if (i % 3 == 0)
			add(&s, 50, false);
	}
	for (uint64_t n = 1001; n <= 1300; n++) {
		struct slice line;
		struct chunk *c;
		uint32_t off;

		CU_ASSERT_FATAL(stream_line(&s, n, &line));
		CU_ASSERT_EQUAL(event_number(line), n);
		stream_seek(&s, n, &c, &off);
		CU_ASSERT_PTR_EQUAL(c->data + off, line.at);
		chunk_unref(&c);
	}
	CU_ASSERT_FALSE(stream_line(&s, 1000, &(struct slice){ 0 }));
	CU_ASSERT_FALSE(stream_line(&s, 1301, &(struct slice){ 0 }));
	end(&s);
}

static void
the_place_of_the_next_is_the_end(void)
{
	struct stream s;
	struct chunk *c;
	uint32_t off;

	stream_init(&s, WINDOW, 0);
	add(&s, 100, true);
	add(&s, 100, false);
	stream_seek(&s, 2, &c, &off);
	CU_ASSERT_EQUAL(c->start + off, stream_end(&s));
	chunk_unref(&c);
	end(&s);
}

static void
the_window_moves_by_whole_chunks_when_published(void)
{
	struct stream s;
	struct slice line;

	stream_init(&s, WINDOW, 0);
	for (int i = 0; i < 100; i++) {
		add(&s, 1000, true);
		CU_ASSERT_EQUAL(stream_start(&s), 0);
	}
	CU_ASSERT_EQUAL(stream_oldest(&s), 1);
	stream_publish(&s);
	for (int i = 0; i < 300; i++) {
		add(&s, 1000, true);
		stream_publish(&s);
		CU_ASSERT(stream_end(&s) - stream_start(&s) >= WINDOW);
		CU_ASSERT(stream_end(&s) - stream_start(&s) <=
		    WINDOW + 65536 + 1100);
	}
	CU_ASSERT(stream_oldest(&s) > 250);
	CU_ASSERT_FATAL(stream_line(&s, stream_oldest(&s), &line));
	CU_ASSERT_EQUAL(event_number(line), stream_oldest(&s));
	CU_ASSERT_FALSE(stream_line(&s, stream_oldest(&s) - 1, &line));
	end(&s);
}

static void
a_chunk_with_nothing_numbered_is_passed_over(void)
{
	struct stream s;
	struct slice line;

	stream_init(&s, WINDOW, 0);
	add(&s, 3000, true);
	for (int i = 0; i < 40; i++) {
		add(&s, 3000, false);
		stream_publish(&s);
	}
	CU_ASSERT_EQUAL(stream_oldest(&s), 2);
	CU_ASSERT_FALSE(stream_line(&s, 1, &line));
	add(&s, 10, true);
	CU_ASSERT_FATAL(stream_line(&s, 2, &line));
	CU_ASSERT_EQUAL(event_number(line), 2);
	end(&s);
}

static void
the_floor_rises_and_never_falls(void)
{
	struct stream s;

	stream_init(&s, WINDOW, 0);
	for (int i = 0; i < 5; i++)
		add(&s, 10, true);
	stream_raise(&s, 4);
	CU_ASSERT_EQUAL(stream_oldest(&s), 4);
	stream_raise(&s, 2);
	CU_ASSERT_EQUAL(stream_oldest(&s), 4);
	/* It is still there to be looked up. */
	CU_ASSERT(stream_line(&s, 2, &(struct slice){ 0 }));
	end(&s);
}

struct count {
	uint64_t next;
	unsigned lines;
	bool     good;
};

static void
count_line(struct slice line, void *arg)
{
	struct count *c = arg;
	uint64_t n = event_number(line);

	c->lines++;
	if (n > 0)
		c->good = c->good && n == c->next++;
}

static void
a_walk_meets_every_line_to_the_end(void)
{
	struct count c = { .next = 50, .good = true };
	struct stream s;

	stream_init(&s, WINDOW * 100, 0);
	for (int i = 0; i < 200; i++) {
		add(&s, 500, true);
		add(&s, 500, false);
	}
	stream_walk(&s, 50, count_line, &c);
	CU_ASSERT(c.good);
	CU_ASSERT_EQUAL(c.next, 201);
	CU_ASSERT_EQUAL(c.lines, 2 * 151);
	end(&s);
}

static void
a_line_fits_however_long(void)
{
	struct stream s;

	stream_init(&s, WINDOW, 0);
	for (int i = 0; i < 20; i++)
		add(&s, 3900, true);
	CU_ASSERT_EQUAL(s.last, 20);
	end(&s);
}

static void
what_is_taken_back_was_never_there(void)
{
	struct stream_mark mark;
	struct count c = { .next = 1, .good = true };
	struct chunk *reader;
	struct stream s;
	struct slice line;
	uint64_t end_before;
	uint32_t off;

	stream_init(&s, WINDOW, 0);
	for (int i = 0; i < 3; i++)
		add(&s, 500, true);
	stream_publish(&s);
	stream_seek(&s, 4, &reader, &off);
	end_before = stream_end(&s);
	mark = stream_mark(&s);
	/* One line, then many chunks. */
	for (int i = 1; i <= 100; i += 99) {
		for (int j = 0; j < i; j++) {
			add(&s, 3000, true);
			add(&s, 10, false);
		}
		stream_rewind(&s, &mark);
		CU_ASSERT_EQUAL(stream_end(&s), end_before);
		CU_ASSERT_EQUAL(s.last, 3);
		CU_ASSERT_FALSE(stream_line(&s, 4, &line));
	}
	CU_ASSERT_FALSE(stream_publish(&s));
	CU_ASSERT_EQUAL(chunk_ready(&reader, &off), 0);
	chunk_unref(&reader);
	/* What comes then has its place, and the window is as it was. */
	stream_seek(&s, 4, &reader, &off);
	for (int i = 0; i < 3; i++)
		add(&s, 3000, true);
	CU_ASSERT_EQUAL(reader->start + off, end_before);
	chunk_unref(&reader);
	stream_walk(&s, 1, count_line, &c);
	CU_ASSERT(c.good);
	CU_ASSERT_EQUAL(c.lines, 6);
	CU_ASSERT(stream_publish(&s));
	CU_ASSERT_EQUAL(s.last, 6);
	end(&s);
}

static void
add_gap(struct stream *s, uint64_t last)
{
	char line[128];
	int len;

	len = snprintf(line, sizeof(line), "GAP lobby %" PRIu64 " %" PRIu64
	    "\n", s->last + 1, last);
	memcpy(stream_reserve(s, (size_t)len), line, (size_t)len);
	stream_commit(s, (size_t)len, false);
	stream_skip(s, last);
}

/* Does it lead to a line that begins so? */
static bool
leads_to(const struct stream *s, uint64_t number, const char *start)
{
	struct chunk *c;
	uint32_t off;
	bool good;

	stream_seek(s, number, &c, &off);
	good = off + strlen(start) <= (c == s->tail ? s->fill : c->fill) &&
	    memcmp(c->data + off, start, strlen(start)) == 0;
	chunk_unref(&c);
	return good;
}

static void
a_gap_stands_for_its_numbers(void)
{
	struct slice line;
	struct stream s;

	stream_init(&s, WINDOW * 100, 0);
	for (int i = 0; i < 3; i++)
		add(&s, 10, true);
	add_gap(&s, 1000);
	CU_ASSERT_EQUAL(s.last, 1000);
	for (int i = 0; i < 100; i++)
		add(&s, 500, true);
	add_gap(&s, 5000);
	for (int i = 0; i < 100; i++)
		add(&s, 500, true);
	CU_ASSERT_EQUAL(s.last, 5100);
	CU_ASSERT(leads_to(&s, 3, "MSG lobby 3 "));
	CU_ASSERT(leads_to(&s, 4, "GAP lobby 4 1000\n"));
	CU_ASSERT(leads_to(&s, 500, "GAP lobby 4 1000\n"));
	CU_ASSERT(leads_to(&s, 1000, "GAP lobby 4 1000\n"));
	CU_ASSERT(leads_to(&s, 1001, "MSG lobby 1001 "));
	CU_ASSERT(leads_to(&s, 1100, "MSG lobby 1100 "));
	CU_ASSERT(leads_to(&s, 1101, "GAP lobby 1101 5000\n"));
	CU_ASSERT(leads_to(&s, 5000, "GAP lobby 1101 5000\n"));
	CU_ASSERT(leads_to(&s, 5001, "MSG lobby 5001 "));
	CU_ASSERT(leads_to(&s, 5100, "MSG lobby 5100 "));
	CU_ASSERT(stream_line(&s, 1001, &line));
	CU_ASSERT_EQUAL(event_number(line), 1001);
	end(&s);
}

/* The window is where the log takes over: at the next number. */
static void
a_stream_that_is_let_go_goes_on(void)
{
	struct stream s;
	struct slice line;
	uint64_t at;

	stream_init(&s, WINDOW, 41);
	CU_ASSERT_FALSE(stream_shrink(&s));
	for (int i = 0; i < 10; i++)
		add(&s, 500, true);
	stream_publish(&s);
	at = stream_end(&s);
	CU_ASSERT(stream_shrink(&s));
	CU_ASSERT_EQUAL(stream_oldest(&s), 52);
	CU_ASSERT_EQUAL(stream_end(&s), at);
	CU_ASSERT_EQUAL(stream_start(&s), at);
	CU_ASSERT_FALSE(stream_line(&s, 51, &line));
	add(&s, 10, true);
	CU_ASSERT(leads_to(&s, 52, "MSG lobby 52 "));
	end(&s);
}

static void
seek_below_the_oldest(void *arg)
{
	struct stream *s = arg;
	struct chunk *c;
	uint32_t off;

	stream_seek(s, 2, &c, &off);
}

static void
seek_above_the_next(void *arg)
{
	struct stream *s = arg;
	struct chunk *c;
	uint32_t off;

	stream_seek(s, s->last + 2, &c, &off);
}

static void
there_is_no_place_outside(void)
{
	struct stream s;

	stream_init(&s, WINDOW, 0);
	for (int i = 0; i < 5; i++)
		add(&s, 10, true);
	stream_raise(&s, 3);
	CU_ASSERT(aborts(seek_below_the_oldest, &s));
	CU_ASSERT(aborts(seek_above_the_next, &s));
	end(&s);
}

static void
a_quiet_stream_lets_its_window_go(void)
{
	struct stream s;
	struct chunk *c, *old;
	uint32_t off;

	stream_init(&s, WINDOW, 0);
	CU_ASSERT_FALSE(stream_shrink(&s));
	for (int i = 0; i < 1000; i++)
		add(&s, 40, true);
	stream_publish(&s);
	stream_seek(&s, 1000, &c, &off);
	old = c;
	CU_ASSERT(stream_shrink(&s));
	CU_ASSERT_EQUAL(stream_oldest(&s), 1001);
	CU_ASSERT_EQUAL(stream_start(&s), stream_end(&s));
	CU_ASSERT_PTR_EQUAL(s.head, s.tail);
	CU_ASSERT_FALSE(stream_shrink(&s));
	/* Who has a place goes on from there. */
	add(&s, 40, true);
	stream_publish(&s);
	CU_ASSERT(chunk_ready(&c, &off) > 0);
	off += chunk_ready(&c, &off);
	CU_ASSERT(chunk_ready(&c, &off) > 0);
	CU_ASSERT_EQUAL(c->number, 1001);
	chunk_unref(&old);
	end(&s);
}

static CU_TestInfo tests[] = {
	{ "a quiet stream lets its window go",
	    a_quiet_stream_lets_its_window_go },
	{ "numbers go on after the last", numbers_go_on_after_the_last },
	{ "readers see what is published, and no more",
	    readers_see_what_is_published_and_no_more },
	{ "a place is the line of its number",
	    a_place_is_the_line_of_its_number },
	{ "the place of the next is the end",
	    the_place_of_the_next_is_the_end },
	{ "the window moves by whole chunks, when published",
	    the_window_moves_by_whole_chunks_when_published },
	{ "a chunk with nothing numbered is passed over",
	    a_chunk_with_nothing_numbered_is_passed_over },
	{ "the floor rises and never falls",
	    the_floor_rises_and_never_falls },
	{ "a walk meets every line to the end",
	    a_walk_meets_every_line_to_the_end },
	{ "what is taken back was never there",
	  what_is_taken_back_was_never_there },
	{ "a GAP stands for its numbers", a_gap_stands_for_its_numbers },
	{ "a stream that is let go goes on",
	  a_stream_that_is_let_go_goes_on },
	{ "a line fits, however long", a_line_fits_however_long },
	{ "there is no place outside", there_is_no_place_outside },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "stream", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
