/* test_limits.c -- every limit has its name
 *
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "net/refusals.h"
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

/* What the log says meanwhile, as a text; "" if nothing. */
static void
tell(struct refusals *refusals, enum limiter limit, const char *name,
    uint64_t now, char *text, size_t size)
{
	struct peer peer = { .local = true };
	int pipe_fds[2], kept = dup(STDERR_FILENO);
	ssize_t got;

	CU_ASSERT_EQUAL_FATAL(pipe2(pipe_fds, O_NONBLOCK), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
	refusals_tell(refusals, limit, slice_of(name), &peer, now);
	dup2(kept, STDERR_FILENO);
	got = read(pipe_fds[0], text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	close(kept);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void
a_limit_is_logged_once_a_second(void)
{
	struct refusals refusals = { 0 };
	char text[256];

	tell(&refusals, LIMIT_LINES, "alice", 5000, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
	    " limit limits.lines: alice local, 1 since the last such line\n"));
	tell(&refusals, LIMIT_LINES, "bob", 5999, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "");
	/* A thread whose clock is behind. */
	tell(&refusals, LIMIT_LINES, "bob", 4000, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "");
	/* Each has a second of its own. */
	tell(&refusals, LIMIT_SLOW, "", 5500, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
	    " limit slow: local, 1 since the last such line\n"));
	tell(&refusals, LIMIT_LINES, "carol", 6000, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
	    " limit limits.lines: carol local, 3 since the last such line\n"));
	tell(&refusals, LIMIT_LINES, "carol", 7000, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
	    " limit limits.lines: carol local, 1 since the last such line\n"));
}

static CU_TestInfo tests[] = {
	{ "every limit is found by its name",
	    every_limit_is_found_by_its_name },
	{ "what rooms say is known", what_rooms_say_is_known },
	{ "a limit is logged once a second",
	    a_limit_is_logged_once_a_second },
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
