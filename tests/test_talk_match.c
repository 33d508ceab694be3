/* test_talk_match.c -- the names, expressions and patterns of talk scripts
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "suite.h"
#include "talk_match.h"

static bool
matches(const char *pattern, const char *line)
{
	struct talk_vars vars = { .count = 0 };

	talk_vars_set(&vars, "seven", "7");
	return talk_match(&vars, pattern, line);
}

static bool
expands(const char *text, const char *to)
{
	struct talk_vars vars = { .count = 0 };
	char out[16];
	const char *why;

	talk_vars_set(&vars, "seven", "7");
	return talk_expand(&vars, text, out, sizeof(out), &why) &&
	    strcmp(out, to) == 0;
}

static void
a_line_matches_itself_alone(void)
{
	CU_ASSERT(matches("MSG lobby", "MSG lobby"));
	CU_ASSERT(!matches("MSG lobby", "MSG lobb"));
	CU_ASSERT(!matches("MSG lobb", "MSG lobby"));
	CU_ASSERT(!matches("MSG lobby", "MSG Lobby"));
	CU_ASSERT(!matches("MSG lobby", "MSG  lobby"));
}

static void
a_star_is_some_of_a_word(void)
{
	CU_ASSERT(matches("A * C", "A bb C"));
	CU_ASSERT(!matches("A * C", "A  C"));
	CU_ASSERT(!matches("A * C", "A b b C"));
	CU_ASSERT(matches("@wait=*;limit=say E", "@wait=12;limit=say E"));
	CU_ASSERT(!matches("A *", "A "));
	CU_ASSERT(matches("A \\*", "A *"));
	CU_ASSERT(!matches("A \\*", "A b"));
}

static void
dots_are_the_rest(void)
{
	CU_ASSERT(matches("OK SET ...", "OK SET lobby 4"));
	CU_ASSERT(matches("OK SET ...", "OK SET"));
	CU_ASSERT(!matches("OK SET ...", "OK SETS"));
	CU_ASSERT(matches("...end", "the end"));
	CU_ASSERT(!matches("...end", "the ends"));
}

static void
a_new_name_is_bound_once(void)
{
	struct talk_vars vars = { .count = 0 };

	CU_ASSERT(!talk_match(&vars, "MSG ${n} x", "MSG 12 y"));
	CU_ASSERT(talk_match(&vars, "MSG ${n} x", "MSG 13 x"));
	CU_ASSERT(!talk_match(&vars, "MSG ${n} x", "MSG 14 x"));
	CU_ASSERT(talk_match(&vars, "MSG ${n+1} x", "MSG 14 x"));
	CU_ASSERT(!talk_match(&vars, "MSG ${n+1} x", "MSG 13 x"));
	CU_ASSERT(!talk_match(&vars, "MSG ${m} x", "MSG abc x"));
	CU_ASSERT(talk_match(&vars, "${k} ${k}", "5 5"));
	CU_ASSERT(!talk_match(&vars, "${l} ${l}", "5 6"));
	CU_ASSERT(talk_match(&vars, "... ${last}", "a 1 b 2"));
	CU_ASSERT(talk_match(&vars, "${last}", "2"));
}

static void
expressions_are_replaced(void)
{
	CU_ASSERT(expands("a ${seven} b", "a 7 b"));
	CU_ASSERT(expands("${seven+10-2}", "15"));
	CU_ASSERT(expands("${1-seven}", "-6"));
	CU_ASSERT(expands("${xy*3}!", "xyxyxy!"));
	CU_ASSERT(expands("${x*seven+1}", "xxxxxxxx"));
	CU_ASSERT(expands("${x*15}", "xxxxxxxxxxxxxxx"));
	CU_ASSERT(expands("$5 {}", "$5 {}"));
}

static void
broken_expressions_are_refused(void)
{
	CU_ASSERT(!expands("${eight}", ""));
	CU_ASSERT(!expands("${}", ""));
	CU_ASSERT(!expands("${7+}", ""));
	CU_ASSERT(!expands("${seven", ""));
	CU_ASSERT(!expands("${x*16}", ""));
	CU_ASSERT(!expands("${x*99999999999}", ""));
	CU_ASSERT(!expands("0123456789abcdefg", ""));
}

static CU_TestInfo tests[] = { { "a line matches itself alone",
				   a_line_matches_itself_alone },
	{ "a star is some of a word", a_star_is_some_of_a_word },
	{ "dots are the rest", dots_are_the_rest },
	{ "a new name is bound once", a_new_name_is_bound_once },
	{ "expressions are replaced", expressions_are_replaced },
	{ "broken expressions are refused", broken_expressions_are_refused },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = {
	{ "talk_match", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
