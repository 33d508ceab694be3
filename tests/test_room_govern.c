/* test_room_govern.c -- a room's owner and its switches
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "fake.h"
#include "suite.h"

#define DENIED "ERR denied your role does not allow it\n"
#define RESERVED "ERR name-reserved this name is kept for its owner\n"
#define NO_ROOM "ERR no-such-room there is no such room, or not for you\n"

/* A room that olga owns and is in. */
static struct guy *
owned_room(struct fake *f)
{
	struct guy *olga = fake_account(f, "olga");

	fake_room(f, olga, "lobby");
	fake_say(olga, "JOIN lobby");
	fake_forget(f);
	return olga;
}

static void
whoever_makes_a_room_owns_it(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *other = fake_account(f, "other");

	CU_ASSERT(fake_gets(olga, "@id=1 SET lobby moderated on",
	    "@id=1 OK SET lobby 101\n"
	    "@id=1 SET lobby 101 T olga moderated on\n"));
	CU_ASSERT(fake_gets(other, "SET lobby moderated off", DENIED));
	fake_free(&f);
}

static void
guests_own_nothing(void)
{
	struct fake *f = fake_new();
	struct guy *alice = fake_guest(f, "alice", NULL);

	fake_room(f, alice, "lobby");
	fake_say(alice, "JOIN lobby");
	CU_ASSERT(room_is_plain(f->room, true));
	CU_ASSERT(fake_gets(alice, "SET lobby moderated on", DENIED));
	CU_ASSERT(fake_gets(alice, "ROLE lobby ~bob muted", DENIED));
	CU_ASSERT(fake_gets(alice, "KICK lobby ~alice", DENIED));
	fake_free(&f);
}

static void
a_room_nobody_owns_gets_its_topic_from_anybody_inside(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "SET lobby topic x", DENIED));
	CU_ASSERT(fake_gets(alice, "SET lobby TOPIC  The front room",
	    "OK SET lobby 101\n"
	    "SET lobby 101 T ~alice topic  The front room\n"));
	CU_ASSERT(fake_gets(bob, "JOIN lobby",
	    "ROOM lobby 101 2  The front room\nOK JOIN lobby 101\n"));
	CU_ASSERT(fake_gets(alice, "SET lobby topic",
	    "OK SET lobby 102\nSET lobby 102 T ~alice topic\n"));
	fake_forget(f);
	CU_ASSERT(fake_gets(bob, "JOIN lobby",
	    "ROOM lobby 102 2\nOK JOIN lobby 102\n"));
	fake_free(&f);
}

static void
an_owned_rooms_topic_is_its_moderators(void)
{
	struct fake *f = fake_new();
	struct guy *alice;

	owned_room(f);
	alice = fake_inside(f, "alice");
	CU_ASSERT(fake_gets(alice, "SET lobby topic x", DENIED));
	fake_free(&f);
}

static void
every_switch_takes_its_values_alone(void)
{
	static const struct { const char *set, *answer; } bad[] = {
		{ "SET lobby hidden yes", "on or off" },
		{ "SET lobby members-only 1", "on or off" },
		{ "SET lobby moderated  on", "on or off" },
		{ "SET lobby ephemeral on ", "on or off" },
		{ "SET lobby keep 0",
		    "a duration such as 7d, or a count of events" },
		{ "SET lobby keep forever",
		    "a duration such as 7d, or a count of events" },
		{ "SET lobby slow 86401", "seconds, 0 to 86400" },
		{ "SET lobby slow 5s", "seconds, 0 to 86400" },
		{ "SET lobby colour red",
		    "topic, hidden, members-only, moderated, ephemeral, "
		    "keep, slow or calm" },
	};
	static const char *const good[] = {
		"hidden on", "hidden off", "members-only on", "members-only",
		"moderated ON", "moderated", "ephemeral on", "ephemeral off",
		"keep 7d", "keep 100", "keep", "slow 86400", "slow 0", "slow",
		"calm 60", "calm 0", "calm"
	};
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f);
	char line[128], text[256];
	unsigned number = FAKE_LAST;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "ERR bad-value %s\n",
		    bad[i].answer);
		CU_ASSERT(fake_gets(olga, bad[i].set, text));
	}
	CU_ASSERT_EQUAL(f->room->stream.last, FAKE_LAST);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(line, sizeof(line), "SET lobby %s", good[i]);
		number++;
		snprintf(text, sizeof(text), "OK SET lobby %u\n"
		    "SET lobby %u T olga %s\n", number, number, good[i]);
		CU_ASSERT(fake_gets(olga, line, text));
	}
	fake_free(&f);
}

static void
moderated_rooms_hear_voices_alone(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *alice, *vera;

	alice = fake_inside(f, "alice");
	vera = fake_account(f, "vera");
	fake_say(vera, "JOIN lobby");
	fake_say(alice, "SAY lobby one");
	fake_say(olga, "SET lobby moderated on");
	fake_say(olga, "ROLE lobby vera voice");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "SAY lobby x", DENIED));
	CU_ASSERT(fake_gets(alice, "EDIT lobby 101 x", DENIED));
	CU_ASSERT(fake_gets(alice, "REACT lobby 101 x", DENIED));
	CU_ASSERT(fake_gets(alice, "SIGNAL lobby x", DENIED));
	CU_ASSERT(fake_gets(alice, "DELETE lobby 101", DENIED));
	CU_ASSERT(fake_gets(vera, "SAY lobby x",
	    "MSG lobby 104 T vera x\n"));
	fake_say(olga, "SET lobby moderated off");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "SAY lobby x",
	    "MSG lobby 106 T ~alice x\n"));
	fake_free(&f);
}

static void
members_only_rooms_are_not_there_for_others(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *alice, *bob, *mary, *root;

	alice = fake_inside(f, "alice");
	bob = fake_guest(f, "bob", NULL);
	mary = fake_account(f, "mary");
	root = fake_admin(f, "root");
	fake_say(olga, "SET lobby members-only on");
	fake_say(olga, "ROLE lobby mary member");
	fake_forget(f);
	CU_ASSERT(fake_gets(bob, "JOIN lobby", RESERVED));
	CU_ASSERT(fake_gets(bob, "WHO lobby", NO_ROOM));
	atomic_store(&f->config->rooms_create, CREATE_ACCOUNTS);
	CU_ASSERT(fake_gets(bob, "JOIN lobby", NO_ROOM));
	CU_ASSERT(fake_gets(mary, "JOIN lobby",
	    "ROOM lobby 102 3\nOK JOIN lobby 102\n"));
	CU_ASSERT(fake_gets(root, "JOIN lobby",
	    "ROOM lobby 102 4\nOK JOIN lobby 102\n"));
	/* Who was inside stays, but does not come in again. */
	CU_ASSERT(fake_gets(alice, "SAY lobby x",
	    "MSG lobby 103 T ~alice x\n"));
	fake_say(alice, "LEAVE lobby");
	CU_ASSERT(fake_gets(alice, "JOIN lobby", NO_ROOM));
	fake_free(&f);
}

static void
hidden_rooms_are_not_there_either(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *alice, *bob, *mary;

	alice = fake_inside(f, "alice");
	fake_say(alice, "@id=a SAY lobby x");
	mary = fake_account(f, "mary");
	bob = fake_guest(f, "bob", NULL);
	fake_say(olga, "SET lobby hidden on");
	fake_say(olga, "ROLE lobby mary member");
	fake_say(olga, "ROLE lobby ~bob banned");
	fake_forget(f);
	CU_ASSERT(fake_gets(bob, "WHO lobby", NO_ROOM));
	CU_ASSERT(fake_gets(bob, "JOIN lobby", RESERVED));
	CU_ASSERT(fake_gets(mary, "JOIN lobby",
	    "ROOM lobby 104 3\nOK JOIN lobby 104\n"));
	fake_say(olga, "KICK lobby ~alice");
	fake_forget(f);
	/* Not even what it said there itself. */
	CU_ASSERT(fake_gets(alice, "@id=a SAY lobby x", "@id=a " NO_ROOM));
	CU_ASSERT(fake_gets(alice, "DELETE lobby 101", NO_ROOM));
	CU_ASSERT(fake_gets(alice, "LEAVE lobby", NO_ROOM));
	fake_free(&f);
}

static void
slow_rooms_space_ones_messages(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *alice, *bob;

	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	fake_say(olga, "SET lobby slow 10");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "SAY lobby one",
	    "MSG lobby 102 T ~alice one\n"));
	f->now += 9999;
	CU_ASSERT(fake_gets(alice, "@id=s SAY lobby two",
	    "@id=s;wait=1;limit=slow ERR too-fast this room is slow\n"));
	/* Each has a pace of its own, and who moderates has none. */
	CU_ASSERT(fake_gets(bob, "SAY lobby one",
	    "MSG lobby 103 T ~bob one\n"));
	fake_say(olga, "SAY lobby a");
	fake_say(olga, "SAY lobby b");
	CU_ASSERT_EQUAL(f->room->stream.last, 105);
	f->now += 1;
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "@id=s SAY lobby two",
	    "@id=s MSG lobby 106 T ~alice two\n"));
	/* Nor is it got round by leaving. */
	fake_say(alice, "LEAVE lobby");
	fake_say(alice, "JOIN lobby");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "@id=t SAY lobby three",
	    "@id=t;wait=10000;limit=slow ERR too-fast this room is slow\n"));
	fake_free(&f);
}

static void
roles_and_switches_survive_hibernation(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *alice;

	fake_say(olga, "SET lobby topic kept");
	fake_say(olga, "ROLE lobby ~alice banned");
	fake_say(olga, "LEAVE lobby");
	fake_hibernate(f);
	fake_forget(f);
	alice = fake_guest(f, "alice", NULL);
	CU_ASSERT(fake_gets(alice, "JOIN lobby",
	    "ERR banned you are banned from this room\n"));
	CU_ASSERT(fake_gets(olga, "JOIN lobby",
	    "ROOM lobby 102 1 kept\nOK JOIN lobby 102\n"));
	CU_ASSERT(fake_gets(olga, "SET lobby slow 1",
	    "OK SET lobby 103\nSET lobby 103 T+1 olga slow 1\n"));
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "whoever makes a room owns it", whoever_makes_a_room_owns_it },
	{ "guests own nothing", guests_own_nothing },
	{ "a room nobody owns gets its topic from anybody inside",
	    a_room_nobody_owns_gets_its_topic_from_anybody_inside },
	{ "an owned room's topic is its moderators'",
	    an_owned_rooms_topic_is_its_moderators },
	{ "every switch takes its values alone",
	    every_switch_takes_its_values_alone },
	{ "moderated rooms hear voices alone",
	    moderated_rooms_hear_voices_alone },
	{ "members-only rooms are not there for others",
	    members_only_rooms_are_not_there_for_others },
	{ "hidden rooms are not there either",
	    hidden_rooms_are_not_there_either },
	{ "slow rooms space one's messages",
	    slow_rooms_space_ones_messages },
	{ "roles and switches survive hibernation",
	    roles_and_switches_survive_hibernation },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room, governing", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
