/* test_limits.c -- every limit has its name
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "net/limits.h"
#include "suite.h"

static void
every_limit_is_found_by_its_name(void)
{
	for (int l = 0; l < LIMIT_COUNT; l++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(limit_name(l));
		CU_ASSERT_EQUAL(limit_find(limit_name(l)), (enum limiter)l);
		/* It rides in limit=: a value, and no word of a shell's. */
		CU_ASSERT_EQUAL(strcspn(limit_name(l), " ;*?[]\\\"'"),
		    strlen(limit_name(l)));
	}
	CU_ASSERT_EQUAL(limit_find("nonsense"), LIMIT_COUNT);
}

/* What a room or the registry says with an answer is looked up again. */
static void
what_rooms_say_is_known(void)
{
	static const char *const said[] = { "limits.lines", "rooms.members",
	    "rooms.max", "limits.rooms_made", "slow", "calm", "roles", "threads" };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		CU_ASSERT_NOT_EQUAL(limit_find(said[i]), LIMIT_COUNT);
}

static CU_TestInfo tests[] = {
	{ "every limit is found by its name",
	    every_limit_is_found_by_its_name },
	{ "what rooms say is known", what_rooms_say_is_known },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "limits", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
