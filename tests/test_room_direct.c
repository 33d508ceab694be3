/* test_room_direct.c -- conversations of two
 *
 * SPDX-License-Identifier: MIT */
#include "fake.h"
#include "suite.h"

#define KEY "0123456789abcdefghijkl"

static void
the_first_event_enters_every_connection_of_both(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob, *phone;

	alice = fake_guest(f, "alice", NULL);
	bob = fake_account(f, "bob");
	phone = fake_account(f, "bob");
	fake_room(f, alice, "@bob");
	CU_ASSERT(fake_gets(alice, "@id=1 SAY @bob hi",
	    "ROOM @bob,~alice 100 2\n"
	    "@id=1 MSG @bob,~alice 101 T ~alice hi\n"));
	CU_ASSERT(fake_heard(bob, "ROOM @bob,~alice 100 2\n"
	    "@id=1 MSG @bob,~alice 101 T ~alice hi\n"));
	CU_ASSERT(fake_heard(phone, "ROOM @bob,~alice 100 2\n"
	    "@id=1 MSG @bob,~alice 101 T ~alice hi\n"));
	/* Once, not with each. */
	CU_ASSERT(fake_gets(bob, "SAY @alice ho",
	    "MSG @bob,~alice 102 T bob ho\n"));
	CU_ASSERT(fake_heard(alice, "MSG @bob,~alice 102 T bob ho\n"));
	fake_free(&f);
}

static void
a_login_later_is_entered_by_the_next_event(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob, *phone;

	alice = fake_guest(f, "alice", NULL);
	bob = fake_account(f, "bob");
	fake_room(f, alice, "@bob");
	fake_say(alice, "SAY @bob hi");
	phone = fake_account(f, "bob");
	CU_ASSERT(fake_heard(phone, ""));
	fake_say(bob, "SAY @alice ho");
	CU_ASSERT(fake_heard(phone, "ROOM @bob,~alice 101 2\n"
	    "MSG @bob,~alice 102 T bob ho\n"));
	/* What came earlier is asked for. */
	CU_ASSERT(fake_gets(phone, "JOIN @alice 100",
	    "ROOM @bob,~alice 102 2\nOK JOIN @bob,~alice 102\n"
	    "MSG @bob,~alice 101 T ~alice hi\n"
	    "MSG @bob,~alice 102 T bob ho\n"
	    "ROOM @bob,~alice 102 2\n"));
	fake_free(&f);
}

static void
nobody_is_told_who_comes_and_goes(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	alice = fake_guest(f, "alice", NULL);
	bob = fake_account(f, "bob");
	fake_room(f, alice, "@bob");
	CU_ASSERT(fake_gets(alice, "JOIN @bob",
	    "ROOM @bob,~alice 100 2\nOK JOIN @bob,~alice 100\n"));
	CU_ASSERT(fake_gets(bob, "JOIN @alice",
	    "ROOM @bob,~alice 100 2\nOK JOIN @bob,~alice 100\n"));
	CU_ASSERT(fake_heard(alice, ""));
	CU_ASSERT(fake_gets(bob, "LEAVE @alice",
	    "OK LEAVE @bob,~alice\n"));
	CU_ASSERT(fake_heard(alice, ""));
	/* Until something is said. */
	fake_say(alice, "SAY @bob still there?");
	CU_ASSERT(fake_heard(bob, "ROOM @bob,~alice 100 2\n"
	    "MSG @bob,~alice 101 T ~alice still there?\n"));
	fake_free(&f);
}

static void
a_signal_enters_too(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	alice = fake_guest(f, "alice", NULL);
	bob = fake_guest(f, "bob", NULL);
	fake_room(f, alice, "@bob");
	fake_say(alice, "SIGNAL @bob typing");
	CU_ASSERT(fake_heard(bob, "ROOM @~alice,~bob 100 2\n"
	    "SIGNAL @~alice,~bob ~alice typing\n"));
	fake_free(&f);
}

static void
two_say_the_first_thing_at_once(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	alice = fake_guest(f, "alice", NULL);
	bob = fake_guest(f, "bob", NULL);
	fake_room(f, alice, "@bob");
	fake_post(alice, "SAY @bob hi");
	fake_post(bob, "SAY @alice ho");
	fake_post(alice, "JOIN @bob");
	fake_turn(f);
	CU_ASSERT(fake_heard(bob, "ROOM @~alice,~bob 100 2\n"
	    "MSG @~alice,~bob 101 T ~alice hi\n"
	    "MSG @~alice,~bob 102 T ~bob ho\n"));
	CU_ASSERT_EQUAL(f->room->roster.connections, 2);
	fake_free(&f);
}

static void
it_has_no_roles_and_no_switches(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *root;
	static const char denied[] =
	    "ERR denied your role does not allow it\n";

	alice = fake_guest(f, "alice", NULL);
	root = fake_admin(f, "root");
	fake_room(f, root, "@alice");
	CU_ASSERT_EQUAL(f->room->settings.owners, 0);
	fake_say(root, "JOIN @alice");
	fake_say(alice, "JOIN @root");
	CU_ASSERT(fake_gets(root, "KICK @alice ~alice", denied));
	CU_ASSERT(fake_gets(root, "SET @alice slow 9", denied));
	CU_ASSERT(fake_gets(alice, "ROLE @root ~alice owner", denied));
	CU_ASSERT(fake_gets(alice, "SET @root topic us",
	    "OK SET @root,~alice 101\n"
	    "SET @root,~alice 101 T ~alice topic us\n"));
	fake_free(&f);
}

/* Whether two words said by these two mean the same room. */
static bool
same_room(struct guy *a, const char *word, struct guy *b, const char *other)
{
	struct registry *reg = a->fake->registry;
	struct room_word one, two;
	const char *why;
	bool same;

	if (registry_word(reg, a->contact.person, slice_of(word), &one,
	    &why) != ERROR_NONE)
		return false;
	if (registry_word(reg, b->contact.person, slice_of(other), &two,
	    &why) != ERROR_NONE) {
		room_word_fini(&one);
		return false;
	}
	same = slice_same((struct slice){ one.key, one.key_len },
	    (struct slice){ two.key, two.key_len }) &&
	    slice_same((struct slice){ one.name, one.name_len },
	    (struct slice){ two.name, two.name_len });
	room_word_fini(&one);
	room_word_fini(&two);
	return same;
}

static enum error
refusal(struct guy *g, const char *word)
{
	struct room_word w;
	const char *why = NULL;
	enum error e = registry_word(g->fake->registry, g->contact.person,
	    slice_of(word), &w, &why);

	if (e == ERROR_NONE)
		room_word_fini(&w);
	else
		CU_ASSERT_PTR_NOT_NULL(why);
	return e;
}

static void
both_mean_the_same_by_each_others_name(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob, *carol;

	alice = fake_guest(f, "alice", NULL);
	bob = fake_account(f, "Bob");
	carol = fake_guest(f, "carol", NULL);
	CU_ASSERT(same_room(alice, "@bob", bob, "@alice"));
	CU_ASSERT(same_room(alice, "@BOB", bob, "@~Alice"));
	CU_ASSERT(same_room(alice, "@bob,alice", bob, "@~alice,bob"));
	CU_ASSERT(same_room(alice, "@bob", alice, "@Bob,~alice"));
	CU_ASSERT_FALSE(same_room(alice, "@carol", carol, "@bob"));
	CU_ASSERT_EQUAL(refusal(alice, "@nobody"), ERROR_NO_SUCH_NAME);
	CU_ASSERT_EQUAL(refusal(alice, "@bob,carol"), ERROR_NO_SUCH_ROOM);
	CU_ASSERT_EQUAL(refusal(alice, "@alice"), ERROR_BAD_NAME);
	CU_ASSERT_EQUAL(refusal(alice, "@"), ERROR_BAD_NAME);
	CU_ASSERT_EQUAL(refusal(alice, "@,"), ERROR_BAD_NAME);
	CU_ASSERT_EQUAL(refusal(alice, "@bob,"), ERROR_BAD_NAME);
	CU_ASSERT_EQUAL(refusal(alice, "@bob,alice,carol"), ERROR_BAD_NAME);
	fake_free(&f);
}

static void
an_account_goes_before_a_guest_of_its_name(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *guest, *bob;

	alice = fake_account(f, "alice");
	guest = fake_guest(f, "bob", NULL);
	CU_ASSERT(same_room(alice, "@bob", guest, "@alice"));
	bob = fake_account(f, "bob");
	CU_ASSERT(same_room(alice, "@bob", bob, "@alice"));
	CU_ASSERT(same_room(alice, "@~bob", guest, "@alice"));
	CU_ASSERT_FALSE(same_room(alice, "@bob", guest, "@alice"));
	fake_free(&f);
}

static void
a_later_guest_of_the_name_gets_another_room(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;
	struct room_word before, after;
	const char *why;

	alice = fake_account(f, "alice");
	bob = fake_guest(f, "bob", KEY);
	registry_word(f->registry, alice->contact.person, slice_of("@bob"),
	    &before, &why);
	/* With its key it is the same one, */
	fake_drop(&bob, NULL);
	bob = fake_guest(f, "bob", KEY);
	registry_word(f->registry, alice->contact.person, slice_of("@bob"),
	    &after, &why);
	CU_ASSERT(slice_same((struct slice){ before.key, before.key_len },
	    (struct slice){ after.key, after.key_len }));
	room_word_fini(&after);
	/* until the name is free again. */
	fake_drop(&bob, NULL);
	registry_note_time(f->registry, FAKE_WALL);
	people_expire(f->registry, f->now + RESERVED_MS);
	bob = fake_guest(f, "bob", KEY);
	registry_word(f->registry, alice->contact.person, slice_of("@bob"),
	    &after, &why);
	CU_ASSERT_FALSE(slice_same(
	    (struct slice){ before.key, before.key_len },
	    (struct slice){ after.key, after.key_len }));
	CU_ASSERT(slice_same((struct slice){ before.name, before.name_len },
	    (struct slice){ after.name, after.name_len }));
	room_word_fini(&before);
	room_word_fini(&after);
	fake_free(&f);
}

static void
a_later_guest_is_not_let_into_the_earlier_ones_room(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	alice = fake_account(f, "alice");
	bob = fake_guest(f, "bob", NULL);
	fake_room(f, alice, "@bob");
	fake_say(alice, "SAY @bob hi");
	fake_drop(&bob, NULL);
	bob = fake_guest(f, "bob", NULL);
	fake_forget(f);
	fake_say(alice, "SAY @bob for the one before");
	CU_ASSERT(fake_heard(bob, ""));
	CU_ASSERT(fake_heard(alice,
	    "MSG @alice,~bob 102 T+1 alice for the one before\n"));
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "the first event enters every connection of both",
	    the_first_event_enters_every_connection_of_both },
	{ "a login later is entered by the next event",
	    a_login_later_is_entered_by_the_next_event },
	{ "nobody is told who comes and goes",
	    nobody_is_told_who_comes_and_goes },
	{ "a SIGNAL enters too", a_signal_enters_too },
	{ "two say the first thing at once",
	    two_say_the_first_thing_at_once },
	{ "it has no roles and no switches",
	    it_has_no_roles_and_no_switches },
	{ "both mean the same by each other's name",
	    both_mean_the_same_by_each_others_name },
	{ "an account goes before a guest of its name",
	    an_account_goes_before_a_guest_of_its_name },
	{ "a later guest of the name gets another room",
	    a_later_guest_of_the_name_gets_another_room },
	{ "a later guest is not let into the earlier one's room",
	    a_later_guest_is_not_let_into_the_earlier_ones_room },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room, direct", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
