/* test_room_repeat.c -- nothing is said twice
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "fake.h"
#include "suite.h"

#define KEY "0123456789abcdefghijkl"

static void
the_same_again_is_answered_with_its_number(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	fake_say(alice, "@id=a1 SAY lobby hi");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "@id=a1 SAY lobby hi",
	    "@id=a1 OK SAY lobby 101\n"));
	/* Another spelling of the room, other attributes: the same thing. */
	CU_ASSERT(fake_gets(alice, "@+x=y;id=a1 say LOBBY hi",
	    "@id=a1 OK SAY lobby 101\n"));
	CU_ASSERT(fake_heard(bob, ""));
	CU_ASSERT_EQUAL(counter_get(&f->room->counters.repeats), 2);
	/* Without an id nothing is known again. */
	fake_say(alice, "SAY lobby hi");
	fake_say(alice, "SAY lobby hi");
	CU_ASSERT(fake_heard(bob, "MSG lobby 102 T ~alice hi\n"
	    "MSG lobby 103 T ~alice hi\n"));
	fake_free(&f);
}

static void
an_id_used_for_something_else_is_bad_value(void)
{
	struct fake *f = fake_new();
	struct guy *alice;
	static const char refused[] =
	    "@id=a1 ERR bad-value this id was used for something else\n";

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "@id=a1 SAY lobby hi");
	CU_ASSERT(fake_gets(alice, "@id=a1 SAY lobby ho", refused));
	CU_ASSERT(fake_gets(alice, "@id=a1 EDIT lobby 101 hi", refused));
	CU_ASSERT(fake_gets(alice, "@id=a1 REACT lobby 101 hi", refused));
	CU_ASSERT(fake_gets(alice, "@id=a1 DELETE lobby 101", refused));
	CU_ASSERT_EQUAL(f->room->stream.last, 101);
	fake_free(&f);
}

static void
ids_are_each_persons_own(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	fake_say(alice, "@id=a1 SAY lobby hi");
	fake_forget(f);
	CU_ASSERT(fake_gets(bob, "@id=a1 SAY lobby hi",
	    "@id=a1 MSG lobby 102 T ~bob hi\n"));
	fake_free(&f);
}

static void
a_repeat_is_answered_before_rights_and_pace(void)
{
	struct fake *f = fake_new();
	struct guy *root, *alice;

	fake_room(f, NULL, "lobby");
	root = fake_admin(f, "root");
	alice = fake_inside(f, "alice");
	fake_say(alice, "@id=a1 SAY lobby hi");
	fake_say(root, "ROLE lobby ~alice muted");
	fake_say(root, "SET lobby slow 60");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "@id=a2 SAY lobby ho",
	    "@id=a2 ERR muted you may not speak in this room for now\n"));
	CU_ASSERT(fake_gets(alice, "@id=a1 SAY lobby hi",
	    "@id=a1 OK SAY lobby 101\n"));
	/* Over the line limit too. */
	fake_post_slice(alice, slice_of("@id=a1 SAY lobby hi"), 1500);
	fake_post_slice(alice, slice_of("@id=a3 SAY lobby ho"), 1500);
	fake_turn(f);
	CU_ASSERT(fake_heard(alice, "@id=a1 OK SAY lobby 101\n"
	    "@id=a3;wait=1500;limit=limits.lines ERR too-fast slower, "
	    "please\n"));
	fake_say(alice, "LEAVE lobby");
	CU_ASSERT(fake_gets(alice, "@id=a1 SAY lobby hi",
	    "@id=a1 OK SAY lobby 101\n"));
	fake_free(&f);
}

static void
edits_deletes_and_reactions_are_not_done_twice(void)
{
	struct fake *f = fake_new();
	struct guy *alice;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby hi");
	fake_say(alice, "@id=e EDIT lobby 101 ho");
	fake_say(alice, "@id=r REACT lobby 101 ok");
	fake_say(alice, "@id=d DELETE lobby 101");
	CU_ASSERT_EQUAL(f->room->stream.last, 104);
	CU_ASSERT(fake_gets(alice, "@id=e EDIT lobby 101 ho",
	    "@id=e OK EDIT lobby 102\n"));
	CU_ASSERT(fake_gets(alice, "@id=r REACT lobby 101 ok",
	    "@id=r OK REACT lobby 103\n"));
	CU_ASSERT(fake_gets(alice, "@id=d DELETE lobby 101",
	    "@id=d OK DELETE lobby 104\n"));
	/* The number belongs to what was asked. */
	CU_ASSERT(fake_gets(alice, "@id=d DELETE lobby 102",
	    "@id=d ERR bad-value this id was used for something else\n"));
	CU_ASSERT_EQUAL(f->room->stream.last, 104);
	fake_free(&f);
}

static void
what_was_refused_may_be_said_again(void)
{
	struct fake *f = fake_new();
	struct guy *root, *alice;

	fake_room(f, NULL, "lobby");
	root = fake_admin(f, "root");
	alice = fake_inside(f, "alice");
	fake_say(root, "ROLE lobby ~alice muted");
	fake_say(alice, "@id=a1 SAY lobby hi");
	fake_say(root, "ROLE lobby ~alice none");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "@id=a1 SAY lobby hi",
	    "@id=a1 MSG lobby 103 T ~alice hi\n"));
	fake_free(&f);
}

static void
ids_are_known_for_exactly_so_many_events(void)
{
	struct fake *f = fake_new();
	struct guy *alice;
	char line[64];

	CU_ASSERT_EQUAL(config_get(&f->config->rooms_repeat_ids), 10000);
	atomic_store(&f->config->rooms_repeat_ids, 10);
	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "@id=first SAY lobby hi");
	/* Those without an id count too; the SIGNAL and the SET do not. */
	for (int i = 0; i < 9; i++) {
		snprintf(line, sizeof(line), "%sSAY lobby %d",
		    i % 2 ? "@id=x " : "", i);
		if (i % 2)
			line[4] = (char)('a' + i);
		fake_say(alice, line);
	}
	fake_say(alice, "SIGNAL lobby x");
	fake_say(alice, "SET lobby topic x");
	CU_ASSERT(fake_gets(alice, "@id=first SAY lobby hi",
	    "@id=first OK SAY lobby 101\n"));
	fake_say(alice, "SAY lobby the eleventh");
	CU_ASSERT(fake_gets(alice, "@id=first SAY lobby hi",
	    "@id=first MSG lobby 113 T ~alice hi\n"));
	fake_free(&f);
}

static void
ids_are_known_after_10000_events_less_one(void)
{
	struct fake *f = fake_new();
	struct guy *alice;
	char line[64];

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(line, sizeof(line), "@id=%u SAY lobby %u", i, i);
		fake_post(alice, line);
		if (i % 100 == 99) {
			fake_turn(f);
			fake_forget(f);
		}
	}
	CU_ASSERT(fake_gets(alice, "@id=0 SAY lobby 0",
	    "@id=0 OK SAY lobby 101\n"));
	CU_ASSERT(fake_gets(alice, "@id=9999 SAY lobby 9999",
	    "@id=9999 OK SAY lobby 10100\n"));
	fake_say(alice, "SAY lobby one more");
	CU_ASSERT(fake_gets(alice, "@id=0 SAY lobby 0",
	    "@id=0 MSG lobby 10102 T ~alice 0\n"));
	CU_ASSERT(fake_gets(alice, "@id=2 SAY lobby 2",
	    "@id=2 OK SAY lobby 103\n"));
	fake_free(&f);
}

static void
ids_and_numbers_survive_hibernation(void)
{
	struct fake *f = fake_new();
	struct guy *alice;

	fake_room(f, NULL, "lobby");
	alice = fake_account(f, "alice");
	fake_say(alice, "JOIN lobby");
	fake_say(alice, "@id=a1 SAY lobby hi");
	fake_say(alice, "LEAVE lobby");
	fake_hibernate(f);
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "@id=a1 SAY lobby hi",
	    "@id=a1 OK SAY lobby 101\n"));
	CU_ASSERT(fake_gets(alice, "JOIN lobby 100",
	    "ROOM lobby 101 1\nOK JOIN lobby 101\n"
	    "GAP lobby 101 101\nROOM lobby 101 1\n"));
	CU_ASSERT(fake_gets(alice, "SAY lobby on",
	    "MSG lobby 102 T alice on\n"));
	fake_free(&f);
}

static void
a_later_guest_of_the_name_has_ids_of_its_own(void)
{
	struct fake *f = fake_new();
	struct guy *one, *two;

	fake_room(f, NULL, "lobby");
	one = fake_inside(f, "alice");
	fake_say(one, "@id=a1 SAY lobby hi");
	fake_drop(&one, NULL);
	two = fake_inside(f, "alice");
	CU_ASSERT(fake_gets(two, "@id=a1 SAY lobby hi",
	    "@id=a1 MSG lobby 102 T+1 ~alice hi\n"));
	fake_free(&f);
}

static void
a_guest_with_its_key_is_the_same_one(void)
{
	struct fake *f = fake_new();
	struct guy *one, *two;

	fake_room(f, NULL, "lobby");
	one = fake_guest(f, "alice", KEY);
	fake_say(one, "JOIN lobby");
	fake_say(one, "@id=a1 SAY lobby hi");
	fake_drop(&one, NULL);
	two = fake_guest(f, "alice", KEY);
	CU_ASSERT_FATAL(two != NULL);
	fake_say(two, "JOIN lobby");
	CU_ASSERT(fake_gets(two, "@id=a1 SAY lobby hi",
	    "@id=a1 OK SAY lobby 101\n"));
	CU_ASSERT(fake_gets(two, "EDIT lobby 101 ho",
	    "EDIT lobby 102 T ~alice 101 ho\n"));
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "the same again is answered with its number",
	    the_same_again_is_answered_with_its_number },
	{ "an id used for something else is bad-value",
	    an_id_used_for_something_else_is_bad_value },
	{ "ids are each person's own", ids_are_each_persons_own },
	{ "a repeat is answered before rights and pace",
	    a_repeat_is_answered_before_rights_and_pace },
	{ "edits, deletes and reactions are not done twice",
	    edits_deletes_and_reactions_are_not_done_twice },
	{ "what was refused may be said again",
	    what_was_refused_may_be_said_again },
	{ "ids are known for exactly so many events",
	    ids_are_known_for_exactly_so_many_events },
	{ "ids are known after 10,000 events less one",
	    ids_are_known_after_10000_events_less_one },
	{ "ids and numbers survive hibernation",
	    ids_and_numbers_survive_hibernation },
	{ "a later guest of the name has ids of its own",
	    a_later_guest_of_the_name_has_ids_of_its_own },
	{ "a guest with its key is the same one",
	    a_guest_with_its_key_is_the_same_one },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room, repeating", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
