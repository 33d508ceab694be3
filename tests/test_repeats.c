/* test_repeats.c -- the ids of what was said last
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "room/repeats.h"
#include "suite.h"
#include "wire/vcrp.h"

static const struct person
alice = { .key_len = 6, .since = 7, .text = "~alice" },
later_alice = { .key_len = 6, .since = 8, .text = "~alice" },
alic = { .key_len = 5, .since = 7, .text = "~alic" };

/* The words of a line; the line must stay. */
static struct words
words(const char *line)
{
	char why[WHY_MAX];
	struct words w;

	CU_ASSERT_EQUAL_FATAL(vcrp_parse(slice_of(line), &w, why),
	    ERROR_NONE);
	return w;
}

/* What alice says in the ms in which she began. */
static void
note(struct repeats *r, const char *line, uint64_t number)
{
	struct words w = words(line);
	struct said said = { .key = person_key(&alice), .time = alice.since,
		.number = number, .words = &w };

	repeats_note(r, &said);
}

/* The same of what is not taken back. */
static void
say(struct repeats *r, const char *line, uint64_t number)
{
	note(r, line, number);
	repeats_settle(r);
}

/* Its number; 0 if it is not known, UINT64_MAX if it was something else. */
static uint64_t
find(struct repeats *r, const struct person *p, const char *line)
{
	struct words w = words(line);
	bool same = false;
	uint64_t n = repeats_find(r, p, &w, &same);

	return n > 0 && !same ? UINT64_MAX : n;
}

static void
finds_what_was_noted(void)
{
	struct repeats r;

	repeats_init(&r, 10);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a SAY r x"), 0);
	note(&r, "@id=a SAY r x", 5);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a SAY r x"), 5);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a SAY R x"), 5);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a;re=1 SAY r x"), 5);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=b SAY r x"), 0);
	CU_ASSERT_EQUAL(find(&r, &alice, "SAY r x"), 0);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a SAY r y"), UINT64_MAX);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a SAY r  x"), UINT64_MAX);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a EDIT r 1 x"), UINT64_MAX);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=A SAY r x"), 0);
	repeats_fini(&r);
}

static void
words_and_text_do_not_run_together(void)
{
	struct repeats r;

	repeats_init(&r, 10);
	note(&r, "@id=a EDIT r 1 2", 5);
	note(&r, "@id=b EDIT r 12 x", 6);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a EDIT r 1 2"), 5);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a EDIT r 12 2"), UINT64_MAX);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a DELETE r 1"), UINT64_MAX);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a REACT r 1 2"), UINT64_MAX);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=b EDIT r 1 2x"), UINT64_MAX);
	repeats_fini(&r);
}

static void
an_id_belongs_to_one_person_of_one_time(void)
{
	struct repeats r;

	repeats_init(&r, 10);
	note(&r, "@id=ea SAY r x", 5);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=ea SAY r x"), 5);
	CU_ASSERT_EQUAL(find(&r, &later_alice, "@id=ea SAY r x"), 0);
	CU_ASSERT_EQUAL(find(&r, &alic, "@id=ea SAY r x"), 0);
	CU_ASSERT_EQUAL(find(&r, &alic, "@id=eea SAY r x"), 0);
	repeats_fini(&r);
}

static void
events_are_counted_with_an_id_or_without(void)
{
	char line[64];
	struct repeats r;

	/* However many are kept, it is the newest `limit`. */
	for (uint32_t limit = 1; limit < 70; limit++) {
		repeats_init(&r, limit);
		for (unsigned i = 1; i <= 200; i++) {
			bool quiet = i % 3 == 0;

			snprintf(line, sizeof(line), "@id=%u SAY r x", i);
			note(&r, quiet ? line + strcspn(line, " ") + 1 : line,
			    i);
			for (unsigned n = 1; n <= i; n++) {
				snprintf(line, sizeof(line), "@id=%u SAY r x",
				    n);
				CU_ASSERT_EQUAL(find(&r, &alice, line),
				    n % 3 != 0 && i - n < limit ? n : 0);
			}
		}
		repeats_fini(&r);
	}
}

static void
memory_is_what_is_used_up_to_the_limit(void)
{
	char line[64];
	struct repeats r;

	repeats_init(&r, 1000);
	CU_ASSERT_PTR_NULL(r.ring);
	for (unsigned i = 0; i < 5000; i++)
		say(&r, "SAY r x", i + 1);
	CU_ASSERT_PTR_NULL(r.ring);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "@id=%u SAY r x", i);
		say(&r, line, i + 1);
	}
	CU_ASSERT(r.count <= 1000 + 1);
	CU_ASSERT_EQUAL(r.size, 1024);
	repeats_fini(&r);
}

/* However full it is, what is taken back was not said, and all else was. */
static void
a_batch_can_be_taken_back(void)
{
	char line[64];
	struct repeats r;

	repeats_init(&r, 10);
	for (unsigned i = 1; i <= 300; i++) {
		snprintf(line, sizeof(line), "@id=%u SAY r x", i);
		note(&r, i % 2 == 0 ? line : "SAY r x", i);
		if (i <= 200)
			repeats_settle(&r);
	}
	repeats_undo(&r);
	for (unsigned i = 2; i <= 300; i += 2) {
		snprintf(line, sizeof(line), "@id=%u SAY r x", i);
		CU_ASSERT_EQUAL(find(&r, &alice, line),
		    i <= 200 && i > 190 ? i : 0);
	}
	/* Once. */
	repeats_undo(&r);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=200 SAY r x"), 200);
	say(&r, "@id=n SAY r x", 9999);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=n SAY r x"), 9999);
	repeats_fini(&r);
}

/* With none to be kept there is nothing to take back but the events. */
static void
without_ids_events_are_taken_back(void)
{
	struct repeats r;

	repeats_init(&r, 0);
	note(&r, "@id=a SAY r x", 1);
	note(&r, "SAY r x", 2);
	repeats_undo(&r);
	CU_ASSERT_EQUAL(r.events, 0);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a SAY r x"), 0);
	repeats_fini(&r);
}

/* Of a message that was erased in the log nothing but its id is known. */
static void
what_was_erased_is_the_same_as_anything(void)
{
	struct words w = words("@id=a SAY r x");
	struct said said = { .key = person_key(&alice), .time = alice.since,
		.number = 5, .words = &w, .erased = true };
	struct repeats r;

	repeats_init(&r, 10);
	repeats_note(&r, &said);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a SAY r y"), 5);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=b SAY r x"), 0);
	repeats_fini(&r);
}

static void
a_limit_of_0_knows_nothing(void)
{
	struct repeats r;

	repeats_init(&r, 0);
	note(&r, "@id=a SAY r x", 5);
	CU_ASSERT_EQUAL(find(&r, &alice, "@id=a SAY r x"), 0);
	repeats_fini(&r);
}

static CU_TestInfo tests[] = {
	{ "finds what was noted", finds_what_was_noted },
	{ "words and text do not run together",
	    words_and_text_do_not_run_together },
	{ "an id belongs to one person of one time",
	    an_id_belongs_to_one_person_of_one_time },
	{ "events are counted, with an id or without",
	    events_are_counted_with_an_id_or_without },
	{ "memory is what is used, up to the limit",
	    memory_is_what_is_used_up_to_the_limit },
	{ "a batch can be taken back", a_batch_can_be_taken_back },
	{ "without ids events are taken back",
	    without_ids_events_are_taken_back },
	{ "what was erased is the same as anything",
	    what_was_erased_is_the_same_as_anything },
	{ "a limit of 0 knows nothing", a_limit_of_0_knows_nothing },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "repeats", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
