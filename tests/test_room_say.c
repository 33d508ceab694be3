/* test_room_say.c -- what is said in a room
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "fake.h"
#include "suite.h"

static void
say_gets_the_next_number_and_everybody_the_same(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	CU_ASSERT_NOT_EQUAL(alice->contact.io, bob->contact.io);
	fake_post(alice, "@id=a1;re=7;+x=y SAY LOBBY  two  spaces ");
	fake_post(bob, "SAY lobby second");
	fake_turn(f);
	CU_ASSERT(fake_heard(alice,
	    "@id=a1;re=7;+x=y MSG lobby 101 T ~alice  two  spaces \n"
	    "MSG lobby 102 T ~bob second\n"));
	CU_ASSERT(fake_heard(bob,
	    "@id=a1;re=7;+x=y MSG lobby 101 T ~alice  two  spaces \n"
	    "MSG lobby 102 T ~bob second\n"));
	fake_free(&f);
}

static void
numbers_have_no_hole_whatever_is_refused(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;
	char text[64];

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	for (unsigned i = 0; i < 200; i++) {
		fake_post(alice, "SAY lobby x");
		fake_post(bob, "EDIT lobby 101 y");
		fake_post(bob, "SIGNAL lobby z");
		fake_post(alice, "DELETE lobby 1");
		fake_turn(f);
		fake_forget(f);
	}
	snprintf(text, sizeof(text), "MSG lobby %d T ~bob end\n",
	    FAKE_LAST + 201);
	fake_say(bob, "SAY lobby end");
	CU_ASSERT(fake_heard(alice, text));
	CU_ASSERT_EQUAL(counter_get(&f->room->counters.events), 201);
	CU_ASSERT_EQUAL(f->holes, 0);
	fake_free(&f);
}

static void
only_members_speak(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "@id=1 SAY lobby x",
	    "@id=1 ERR not-member JOIN the room first\n"));
	CU_ASSERT(fake_gets(bob, "SIGNAL lobby x",
	    "ERR not-member JOIN the room first\n"));
	CU_ASSERT(fake_heard(alice, ""));
	fake_free(&f);
}

static void
one_edits_ones_own(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	fake_say(alice, "SAY lobby one");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "@id=e;re=5 EDIT lobby 101 two",
	    "@id=e;re=5 EDIT lobby 102 T ~alice 101 two\n"));
	CU_ASSERT(fake_heard(bob,
	    "@id=e;re=5 EDIT lobby 102 T ~alice 101 two\n"));
	CU_ASSERT(fake_gets(bob, "@id=f EDIT lobby 101 three",
	    "@id=f ERR denied only one's own messages can be edited\n"));
	CU_ASSERT(fake_gets(bob, "DELETE lobby 101",
	    "ERR denied your role does not allow it\n"));
	fake_free(&f);
}

static void
only_messages_are_amended(void)
{
	struct fake *f = fake_new();
	struct guy *alice;
	static const char none[] =
	    "ERR no-such-number the room has no such message, or no "
	    "longer\n";

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby one");
	fake_say(alice, "EDIT lobby 101 two");
	CU_ASSERT(fake_gets(alice, "EDIT lobby 102 x", none));
	CU_ASSERT(fake_gets(alice, "EDIT lobby 103 x", none));
	CU_ASSERT(fake_gets(alice, "EDIT lobby 100 x", none));
	CU_ASSERT(fake_gets(alice, "DELETE lobby 102", none));
	CU_ASSERT(fake_gets(alice, "REACT lobby 102 x", none));
	CU_ASSERT(fake_gets(alice, "REACT lobby 9007199254740991 x", none));
	fake_free(&f);
}

static void
an_earlier_guests_words_are_not_ones_own(void)
{
	struct fake *f = fake_new();
	struct guy *one, *two;

	fake_room(f, NULL, "lobby");
	one = fake_inside(f, "alice");
	fake_say(one, "SAY lobby mine");
	fake_drop(&one, NULL);
	two = fake_inside(f, "alice");
	CU_ASSERT(fake_gets(two, "EDIT lobby 101 x",
	    "ERR denied only one's own messages can be edited\n"));
	CU_ASSERT(fake_gets(two, "DELETE lobby 101",
	    "ERR denied your role does not allow it\n"));
	CU_ASSERT(fake_gets(two, "SAY lobby own",
	    "MSG lobby 102 T+1 ~alice own\n"));
	CU_ASSERT(fake_gets(two, "EDIT lobby 102 owned",
	    "EDIT lobby 103 T+1 ~alice 102 owned\n"));
	fake_free(&f);
}

static void
ones_own_is_ones_own_whatever_the_clock_does(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby before the clock went back");
	bob = fake_inside(f, "bob");
	f->wall = FAKE_WALL - 3600000;
	CU_ASSERT(fake_gets(bob, "SAY lobby one",
	    "MSG lobby 102 T+1 ~bob one\n"));
	CU_ASSERT(fake_gets(bob, "EDIT lobby 102 two",
	    "EDIT lobby 103 T+1 ~bob 102 two\n"));
	fake_drop(&bob, NULL);
	bob = fake_inside(f, "bob");
	CU_ASSERT(fake_gets(bob, "EDIT lobby 102 x",
	    "ERR denied only one's own messages can be edited\n"));
	fake_free(&f);
}

static void
a_moderator_deletes_anyones(void)
{
	struct fake *f = fake_new();
	struct guy *root, *alice, *carol;

	fake_room(f, NULL, "lobby");
	root = fake_admin(f, "root");
	carol = fake_account(f, "carol");
	alice = fake_inside(f, "alice");
	fake_say(root, "ROLE lobby carol moderator");
	fake_say(carol, "JOIN lobby");
	fake_say(alice, "SAY lobby one");
	fake_forget(f);
	CU_ASSERT(fake_gets(carol, "EDIT lobby 102 x",
	    "ERR denied only one's own messages can be edited\n"));
	CU_ASSERT(fake_gets(carol, "@id=d DELETE lobby 102",
	    "@id=d DELETE lobby 103 T carol 102\n"));
	CU_ASSERT(fake_heard(alice, "@id=d DELETE lobby 103 T carol 102\n"));
	fake_free(&f);
}

static void
what_was_deleted_is_gone(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;
	static const char none[] =
	    "ERR no-such-number the room has no such message, or no "
	    "longer\n";

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby one");
	fake_say(alice, "SAY lobby secret");
	fake_say(alice, "SAY lobby three");
	fake_say(alice, "EDIT lobby 102 SECRET");
	fake_say(alice, "SAY lobby five");
	fake_say(alice, "DELETE lobby 102");
	CU_ASSERT(fake_gets(alice, "DELETE lobby 102", none));
	CU_ASSERT(fake_gets(alice, "EDIT lobby 102 x", none));
	CU_ASSERT(fake_gets(alice, "REACT lobby 102 x", none));
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "JOIN lobby 100",
	    "ROOM lobby 106 2\nOK JOIN lobby 106\n"
	    "GAP lobby 101 104\n"
	    "MSG lobby 105 T ~alice five\n"
	    "DELETE lobby 106 T ~alice 102\n"
	    "ROOM lobby 106 2\n"));
	/* Others can still be looked up. */
	CU_ASSERT(fake_gets(alice, "EDIT lobby 101 uno",
	    "EDIT lobby 107 T+1 ~alice 101 uno\n"));
	fake_free(&f);
}

static void
a_message_out_of_the_window_cannot_be_looked_up(void)
{
	struct fake *f = fake_new();
	struct guy *alice;
	char line[LINE_MAX_BYTES];

	atomic_store(&f->config->rooms_window, 16);
	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby first");
	snprintf(line, sizeof(line), "SAY lobby %03000d", 0);
	for (int i = 0; i < 40; i++)
		fake_say(alice, line);
	CU_ASSERT(fake_gets(alice, "EDIT lobby 101 x",
	    "ERR no-such-number the room has no such message, or no "
	    "longer\n"));
	CU_ASSERT(fake_gets(alice, "EDIT lobby 141 x",
	    "EDIT lobby 142 T ~alice 141 x\n"));
	fake_free(&f);
}

static void
everybody_may_react(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	fake_say(alice, "SAY lobby one");
	fake_forget(f);
	CU_ASSERT(fake_gets(bob, "REACT lobby 101 \xf0\x9f\x91\x8d",
	    "REACT lobby 102 T ~bob 101 \xf0\x9f\x91\x8d\n"));
	CU_ASSERT(fake_gets(bob, "REACT lobby 101 \xf0\x9f\x91\x8d",
	    "REACT lobby 103 T ~bob 101 \xf0\x9f\x91\x8d\n"));
	fake_free(&f);
}

static void
a_signal_has_no_number(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	CU_ASSERT(fake_gets(alice, "@id=s;+t=1 SIGNAL lobby typing on",
	    "@id=s;+t=1 SIGNAL lobby ~alice typing on\n"));
	CU_ASSERT(fake_heard(bob,
	    "@id=s;+t=1 SIGNAL lobby ~alice typing on\n"));
	CU_ASSERT_EQUAL(f->room->stream.last, FAKE_LAST);
	/* Nor an id that is kept. */
	CU_ASSERT(fake_gets(alice, "@id=s SAY lobby x",
	    "@id=s MSG lobby 101 T ~alice x\n"));
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "SAY gets the next number, and everybody the same",
	    say_gets_the_next_number_and_everybody_the_same },
	{ "numbers have no hole, whatever is refused",
	    numbers_have_no_hole_whatever_is_refused },
	{ "only members speak", only_members_speak },
	{ "one edits one's own", one_edits_ones_own },
	{ "only messages are amended", only_messages_are_amended },
	{ "an earlier guest's words are not one's own",
	    an_earlier_guests_words_are_not_ones_own },
	{ "one's own is one's own, whatever the clock does",
	    ones_own_is_ones_own_whatever_the_clock_does },
	{ "a moderator deletes anyone's", a_moderator_deletes_anyones },
	{ "what was deleted is gone", what_was_deleted_is_gone },
	{ "a message out of the window cannot be looked up",
	    a_message_out_of_the_window_cannot_be_looked_up },
	{ "everybody may react", everybody_may_react },
	{ "a SIGNAL has no number", a_signal_has_no_number },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room, saying", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
