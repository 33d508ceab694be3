/* test_event.c -- the one line that everybody gets
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "proto/event.h"
#include "proto/words.h"
#include "suite.h"

static bool
renders(const struct event *e, const char *expected)
{
	char line[1024];
	size_t len;
	bool same;

	CU_ASSERT_FATAL(event_bound(e) <= sizeof(line));
	len = event_render(e, line);
	CU_ASSERT(len <= event_bound(e));
	same = slice_is((struct slice){ line, len }, expected);
	if (!same)
		printf("\n    %.*s", (int)len, line);
	return same;
}

static void
renders_every_shape(void)
{
	struct event e = { .verb = "MSG", .room = slice_of("lobby"),
		.number = 7, .time = 1732258012345, .name = slice_of("~a"),
		.text = slice_of(" two  spaces ") };

	CU_ASSERT(renders(&e, "MSG lobby 7 1732258012345 ~a  two  spaces \n"));
	e.attrs = slice_of("id=x;+k=v");
	CU_ASSERT(renders(&e,
	    "@id=x;+k=v MSG lobby 7 1732258012345 ~a  two  spaces \n"));
	e = (struct event){ .verb = "EDIT", .room = slice_of("r"),
		.number = NUMBER_MAX, .time = 1, .name = slice_of("b"),
		.word = { slice_of("12") }, .text = slice_of("x") };
	CU_ASSERT(renders(&e, "EDIT r 9007199254740991 1 b 12 x\n"));
	e.text.len = 0;
	e.verb = "DELETE";
	CU_ASSERT(renders(&e, "DELETE r 9007199254740991 1 b 12\n"));
	e.verb = "ROLE";
	e.word[1] = slice_of("muted");
	CU_ASSERT(renders(&e, "ROLE r 9007199254740991 1 b 12 muted\n"));
	e = (struct event){ .verb = "LEAVE", .room = slice_of("r"),
		.name = slice_of("b"), .text = slice_of("gone") };
	CU_ASSERT(renders(&e, "LEAVE r b gone\n"));
}

static void
the_bound_holds_for_the_longest(void)
{
	struct event e = { .verb = "MSG", .attrs = slice_of("a"),
		.room = slice_of("r"), .number = UINT64_MAX,
		.time = UINT64_MAX, .name = slice_of("n"),
		.word = { slice_of("1"), slice_of("2") },
		.text = slice_of("t") };

	CU_ASSERT(renders(&e, "@a MSG r 18446744073709551615 "
	    "18446744073709551615 n 1 2 t\n"));
}

static void
ephemeral_lines_have_no_number(void)
{
	static const char *const none[] = { "JOIN 5 7\n", "LEAVE 5 7 9\n",
	    "SIGNAL 5 7 9 9 9\n", "@id=1 SIGNAL r 7 8 9\n", "", "\n", "MSG",
	    "MSG r", "MSG r x", "MSG r 0 1 n t", "@", "@x" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CU_ASSERT_EQUAL(event_number(slice_of(none[i])), 0);
	CU_ASSERT_EQUAL(event_number(slice_of("MSG 5 7 9 n t\n")), 7);
	CU_ASSERT_EQUAL(event_number(slice_of("@a=b MSG 5 7 9 n t\n")), 7);
}

static void
takes_lines_apart_again(void)
{
	struct slice verb;
	struct event e;

	CU_ASSERT_FATAL(event_parse(
	    slice_of("@id=x REACT lobby 8 99 ~a 7  ok \n"), &e, &verb));
	CU_ASSERT(slice_is(verb, "REACT"));
	CU_ASSERT(slice_is(e.attrs, "id=x"));
	CU_ASSERT(slice_is(e.room, "lobby"));
	CU_ASSERT_EQUAL(e.number, 8);
	CU_ASSERT_EQUAL(e.time, 99);
	CU_ASSERT(slice_is(e.name, "~a"));
	CU_ASSERT(slice_is(e.word[0], "7"));
	CU_ASSERT(slice_is(e.text, " ok "));
	CU_ASSERT_FATAL(event_parse(slice_of("DELETE r 8 99 a 7\n"), &e,
	    &verb));
	CU_ASSERT(slice_is(e.word[0], "7"));
	CU_ASSERT_EQUAL(e.text.len, 0);
	CU_ASSERT_FATAL(event_parse(slice_of("MSG r 8 99 a 7 8\n"), &e,
	    &verb));
	CU_ASSERT_EQUAL(e.word[0].len, 0);
	CU_ASSERT(slice_is(e.text, "7 8"));
}

static void
takes_nothing_else_for_one(void)
{
	static const char *const bad[] = { "", "\n", "MSG r 8 99\n",
	    "MSG r 8 99 \n", "MSG r 0 99 a t\n", "MSG r 08 99 a t\n",
	    "MSG r 8 x a t\n", "JOIN r a\n", "@id=x\n" };
	struct slice verb;
	struct event e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(event_parse(slice_of(bad[i]), &e, &verb));
}

static CU_TestInfo tests[] = {
	{ "renders every shape", renders_every_shape },
	{ "the bound holds for the longest",
	    the_bound_holds_for_the_longest },
	{ "ephemeral lines have no number", ephemeral_lines_have_no_number },
	{ "takes lines apart again", takes_lines_apart_again },
	{ "takes nothing else for one", takes_nothing_else_for_one },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "event", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
