/* test_room_presence.c -- when members are told who comes and goes
 *
 * SPDX-License-Identifier: MIT
 *
 * The fake's people read after each turn; an io thread looks only once it is
 * told. So what is looked at here is whether it is. */
#include <stdio.h>

#include "fake.h"
#include "suite.h"

struct scene {
	struct fake *f;
	struct guy  *alice, *bob;
};

/* Two are in the room, who were told nothing for a while. */
static struct scene
scene(void)
{
	struct scene s = { .f = fake_new() };

	fake_room(s.f, NULL, "lobby");
	s.alice = fake_inside(s.f, "alice");
	s.bob = fake_inside(s.f, "bob");
	s.f->now += PRESENCE_MOST_MS;
	fake_turn(s.f);
	s.f->now += PRESENCE_MOST_MS;
	fake_forget(s.f);
	return s;
}

/* So much later; if there is a line, the room gets it. Were they told? */
static bool
told(struct fake *f, uint64_t later, struct guy *g, const char *line)
{
	unsigned before = f->feeds;

	f->now += later;
	if (g != NULL)
		fake_post(g, line);
	fake_turn(f);
	return f->feeds > before;
}

static struct guy *
guest(struct scene *s, const char *nick)
{
	return fake_guest(s->f, nick, NULL);
}

static void
the_first_is_told_at_once(void)
{
	struct scene s = scene();

	CU_ASSERT(told(s.f, 0, guest(&s, "carol"), "JOIN lobby"));
	CU_ASSERT_EQUAL(s.f->room->due, UINT64_MAX);
	CU_ASSERT(!told(s.f, PRESENCE_MOST_MS, NULL, NULL));
	fake_free(&s.f);
}

static void
the_next_ones_wait_and_are_told_together(void)
{
	struct scene s = scene();
	struct guy *dave;

	CU_ASSERT(told(s.f, 0, guest(&s, "carol"), "JOIN lobby"));
	dave = guest(&s, "dave");
	CU_ASSERT(!told(s.f, 0, dave, "JOIN lobby"));
	/* Who comes is answered at once. */
	CU_ASSERT(fake_heard(dave, "ROOM lobby 100 4\nOK JOIN lobby 100\n"));
	/* Longer would be too long already: it is due by then. */
	CU_ASSERT_EQUAL(s.f->room->due, s.f->now + 4 * PRESENCE_EACH_MS);
	CU_ASSERT(!told(s.f, 1, guest(&s, "erin"), "JOIN lobby"));
	CU_ASSERT(!told(s.f, 0, dave, "LEAVE lobby"));
	CU_ASSERT(!told(s.f, 4 * PRESENCE_EACH_MS - 2, NULL, NULL));
	CU_ASSERT(told(s.f, 1, NULL, NULL));
	CU_ASSERT(fake_heard(s.alice, "JOIN lobby ~carol\nJOIN lobby ~dave\n"
	    "JOIN lobby ~erin\nLEAVE lobby ~dave\n"));
	CU_ASSERT_EQUAL(s.f->room->due, UINT64_MAX);
	fake_free(&s.f);
}

static void
a_message_takes_them_along(void)
{
	struct scene s = scene();

	CU_ASSERT(told(s.f, 0, guest(&s, "carol"), "JOIN lobby"));
	CU_ASSERT(!told(s.f, 0, guest(&s, "dave"), "JOIN lobby"));
	CU_ASSERT(told(s.f, 0, s.bob, "SAY lobby hi"));
	CU_ASSERT(fake_heard(s.alice, "JOIN lobby ~carol\n"
	    "JOIN lobby ~dave\nMSG lobby 101 T ~bob hi\n"));
	CU_ASSERT(!told(s.f, PRESENCE_MOST_MS, NULL, NULL));
	fake_free(&s.f);
}

static void
nothing_else_waits(void)
{
	static const char *const lines[] = { "SAY lobby one",
		"SIGNAL lobby typing", "EDIT lobby 101 two",
		"REACT lobby 101 yes", "SET lobby topic new",
		"DELETE lobby 101" };
	struct scene s = scene();
	struct guy *admin = fake_admin(s.f, "admin");

	fake_say(admin, "JOIN lobby");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		CU_ASSERT(told(s.f, 0, admin, lines[i]));
	/* Nor who comes in the same turn as something else. */
	fake_post(s.bob, "SAY lobby hi");
	CU_ASSERT(told(s.f, 0, guest(&s, "carol"), "JOIN lobby"));
	fake_free(&s.f);
}

static void
however_many_they_are_the_wait_is_bounded(void)
{
	struct scene s = scene();
	char nick[16];

	for (int i = 0; i < 90; i++) {
		snprintf(nick, sizeof(nick), "g%d", i);
		fake_say(guest(&s, nick), "JOIN lobby");
	}
	s.f->now += PRESENCE_MOST_MS;
	fake_turn(s.f);
	CU_ASSERT(told(s.f, PRESENCE_MOST_MS, guest(&s, "carol"),
	    "JOIN lobby"));
	CU_ASSERT(!told(s.f, 0, guest(&s, "dave"), "JOIN lobby"));
	CU_ASSERT_EQUAL(s.f->room->due, s.f->now + PRESENCE_MOST_MS);
	fake_free(&s.f);
}

static void
a_room_that_all_have_left_waits_for_nothing(void)
{
	struct scene s = scene();

	CU_ASSERT(told(s.f, 0, guest(&s, "carol"), "JOIN lobby"));
	CU_ASSERT(!told(s.f, 0, s.bob, "LEAVE lobby"));
	CU_ASSERT(s.f->room->due < UINT64_MAX);
	while (!list_empty(&s.f->people)) {
		struct guy *g =
		    list_entry(s.f->people.next, struct guy, link);

		fake_drop(&g, NULL);
	}
	CU_ASSERT_EQUAL(s.f->room->due, UINT64_MAX);
	fake_free(&s.f);
}

static CU_TestInfo tests[] = {
	{ "the first is told at once", the_first_is_told_at_once },
	{ "the next ones wait and are told together",
	    the_next_ones_wait_and_are_told_together },
	{ "a message takes them along", a_message_takes_them_along },
	{ "nothing else waits", nothing_else_waits },
	{ "however many they are the wait is bounded",
	    however_many_they_are_the_wait_is_bounded },
	{ "a room that all have left waits for nothing",
	    a_room_that_all_have_left_waits_for_nothing },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room, presence", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
