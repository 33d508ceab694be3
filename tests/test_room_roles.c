/* test_room_roles.c -- who has which role in a room, and the way out
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "fake.h"
#include "suite.h"

#define DENIED "ERR denied your role does not allow it\n"
#define MUTED "ERR muted you may not speak in this room for now\n"
#define OWNERS_ONLY \
	"ERR denied only an owner may do this to a moderator or an owner, " \
	"or make one\n"

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
the_muted_hear_and_do_not_speak(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *alice;

	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby one");
	fake_forget(f);
	CU_ASSERT(fake_gets(olga, "@id=m ROLE lobby ~ALICE muted",
	    "@id=m OK ROLE lobby 102\n"
	    "@id=m ROLE lobby 102 T olga ~alice muted\n"));
	CU_ASSERT(fake_heard(alice,
	    "@id=m ROLE lobby 102 T olga ~alice muted\n"));
	CU_ASSERT(fake_gets(alice, "SAY lobby x", MUTED));
	CU_ASSERT(fake_gets(alice, "EDIT lobby 101 x", MUTED));
	CU_ASSERT(fake_gets(alice, "SIGNAL lobby x", MUTED));
	fake_say(olga, "SAY lobby listen");
	CU_ASSERT(fake_heard(alice, "MSG lobby 103 T olga listen\n"));
	fake_say(olga, "ROLE lobby ~alice none");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "SAY lobby x",
	    "MSG lobby 105 T ~alice x\n"));
	fake_free(&f);
}

static void
a_role_for_a_while_ends_by_itself(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *alice;

	alice = fake_inside(f, "alice");
	CU_ASSERT(fake_gets(olga, "@for=10s ROLE lobby ~alice muted",
	    "OK ROLE lobby 101\n"
	    "@for=10s ROLE lobby 101 T olga ~alice muted\n"));
	f->now += 9999;
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "SAY lobby x", MUTED));
	f->now += 1;
	CU_ASSERT(fake_gets(alice, "SAY lobby x",
	    "MSG lobby 102 T ~alice x\n"));
	fake_free(&f);
}

static void
the_banned_hear_so_and_nothing_after(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *alice, *bob;
	struct mail *batch, *waiters;
	uint64_t end;

	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	fake_post(bob, "SAY lobby before");
	fake_post(olga, "ROLE lobby ~alice banned");
	fake_post(bob, "SAY lobby behind");
	fake_turn(f);
	CU_ASSERT(fake_heard(alice,
	    "ROLE lobby 102 T olga ~alice banned\n"));
	CU_ASSERT(fake_heard(bob, "MSG lobby 101 T ~bob before\n"
	    "ROLE lobby 102 T olga ~alice banned\n"
	    "LEAVE lobby ~alice banned by olga\n"
	    "MSG lobby 103 T ~bob behind\n"));
	/* The stream ends for them before that line, or an io thread that
	 * is quick would send it from there, and then as the last words. */
	end = stream_end(&f->room->stream);
	CU_ASSERT(fake_post(olga, "ROLE lobby ~bob banned"));
	batch = mailbox_take(&f->room->inbox, &waiters);
	room_turn(f->room, batch, waiters, f->now, f->wall);
	CU_ASSERT_EQUAL(atomic_load(&bob->member->end_at), end);
	fake_turn(f);
	fake_say(olga, "ROLE lobby ~bob none");
	fake_say(bob, "JOIN lobby");
	CU_ASSERT(fake_gets(alice, "JOIN lobby",
	    "ERR banned you are banned from this room\n"));
	CU_ASSERT(fake_gets(alice, "WHO lobby",
	    "ERR banned you are banned from this room\n"));
	fake_say(olga, "ROLE lobby ~alice none");
	CU_ASSERT(fake_gets(alice, "JOIN lobby",
	    "ROOM lobby 106 3\nOK JOIN lobby 106\n"));
	fake_free(&f);
}

static void
the_kicked_hear_so_and_nothing_after(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *bob, *one, *two;

	bob = fake_inside(f, "bob");
	one = fake_account(f, "carol");
	two = fake_account(f, "carol");
	fake_say(one, "JOIN lobby");
	fake_say(two, "JOIN lobby");
	fake_forget(f);
	fake_post(bob, "SAY lobby before");
	fake_post(olga, "@id=k KICK lobby carol too loud");
	fake_post(one, "SAY lobby me too");
	fake_turn(f);
	CU_ASSERT(fake_heard(one,
	    "LEAVE lobby carol kicked by olga: too loud\n"
	    "ERR not-member JOIN the room first\n"));
	CU_ASSERT(fake_heard(two,
	    "LEAVE lobby carol kicked by olga: too loud\n"));
	CU_ASSERT(fake_heard(olga, "@id=k OK KICK lobby carol\n"
	    "MSG lobby 101 T ~bob before\n"
	    "LEAVE lobby carol kicked by olga: too loud\n"));
	CU_ASSERT(fake_heard(bob, "MSG lobby 101 T ~bob before\n"
	    "LEAVE lobby carol kicked by olga: too loud\n"));
	CU_ASSERT(fake_gets(olga, "KICK lobby carol",
	    "ERR no-such-name nobody of this name is in the room\n"));
	CU_ASSERT(fake_gets(one, "JOIN lobby",
	    "ROOM lobby 101 3\nOK JOIN lobby 101\n"));
	CU_ASSERT(fake_gets(olga, "KICK lobby carol",
	    "OK KICK lobby carol\nLEAVE lobby carol kicked by olga\n"));
	CU_ASSERT(fake_heard(one, "LEAVE lobby carol kicked by olga\n"));
	fake_free(&f);
}

static void
moderators_do_not_touch_their_like(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *mo, *ben, *alice;

	mo = fake_account(f, "mo");
	ben = fake_account(f, "ben");
	fake_say(olga, "ROLE lobby mo moderator");
	fake_say(olga, "ROLE lobby ben moderator");
	fake_say(mo, "JOIN lobby");
	fake_say(ben, "JOIN lobby");
	alice = fake_inside(f, "alice");
	CU_ASSERT(fake_gets(mo, "ROLE lobby ben muted", OWNERS_ONLY));
	CU_ASSERT(fake_gets(mo, "ROLE lobby olga none", OWNERS_ONLY));
	CU_ASSERT(fake_gets(mo, "ROLE lobby mo owner", OWNERS_ONLY));
	CU_ASSERT(fake_gets(mo, "KICK lobby ben", OWNERS_ONLY));
	CU_ASSERT(fake_gets(mo, "KICK lobby olga", OWNERS_ONLY));
	fake_say(mo, "ROLE lobby ~alice muted");
	CU_ASSERT_EQUAL(f->room->stream.last, 103);
	CU_ASSERT(fake_gets(alice, "ROLE lobby mo none", DENIED));
	fake_say(olga, "ROLE lobby mo none");
	fake_forget(f);
	CU_ASSERT(fake_gets(mo, "ROLE lobby ~alice none", DENIED));
	fake_free(&f);
}

static void
an_owner_makes_owners_and_administrators_anything(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *mo, *root;

	mo = fake_account(f, "mo");
	root = fake_admin(f, "root");
	CU_ASSERT_EQUAL(f->room->settings.owners, 1);
	fake_say(olga, "ROLE lobby mo owner");
	CU_ASSERT_EQUAL(f->room->settings.owners, 2);
	fake_say(mo, "ROLE lobby olga none");
	fake_forget(f);
	CU_ASSERT(fake_gets(olga, "SET lobby slow 1", DENIED));
	fake_say(root, "ROLE lobby mo member");
	CU_ASSERT_EQUAL(f->room->settings.owners, 0);
	fake_forget(f);
	/* Nobody's again: who is inside may say what it is about. */
	fake_say(olga, "SET lobby topic free");
	CU_ASSERT_EQUAL(f->room->stream.last, 104);
	fake_free(&f);
}

static void
an_owner_for_a_while_leaves_a_room_that_nobody_owns(void)
{
	struct fake *f = fake_new();
	struct guy *root, *mo, *alice;

	fake_room(f, NULL, "lobby");
	root = fake_admin(f, "root");
	mo = fake_account(f, "mo");
	alice = fake_inside(f, "alice");
	fake_say(root, "@for=10s ROLE lobby mo owner");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "SET lobby topic x", DENIED));
	f->now += 10000;
	CU_ASSERT(fake_gets(mo, "SET lobby slow 1", DENIED));
	CU_ASSERT(fake_gets(alice, "SET lobby topic x",
	    "OK SET lobby 102\nSET lobby 102 T ~alice topic x\n"));
	fake_free(&f);
}

static void
roles_go_to_names_there_are(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f), *mo;

	CU_ASSERT(fake_gets(olga, "ROLE lobby nobody member",
	    "ERR no-such-name nobody has this name\n"));
	CU_ASSERT(fake_gets(olga, "ROLE lobby -x member",
	    "ERR bad-name a name may not begin with '-'\n"));
	CU_ASSERT(fake_gets(olga, "ROLE lobby ~alice member",
	    "ERR denied a guest can only be muted, banned or none\n"));
	CU_ASSERT(fake_gets(olga, "ROLE lobby ~alice king",
	    "ERR bad-value owner, moderator, voice, member, none, muted or "
	    "banned\n"));
	/* A guest who is not here can be kept out all the same. */
	CU_ASSERT(fake_gets(olga, "ROLE lobby ~alice BANNED",
	    "OK ROLE lobby 101\n"
	    "ROLE lobby 101 T olga ~alice banned\n"));
	/* So can an account be let go that has a role and is away. */
	mo = fake_account(f, "mo");
	fake_say(olga, "ROLE lobby mo member");
	fake_drop(&mo, NULL);
	fake_forget(f);
	CU_ASSERT(fake_gets(olga, "ROLE lobby mo none",
	    "OK ROLE lobby 103\nROLE lobby 103 T olga mo none\n"));
	/* And one that is away be given one. */
	CU_ASSERT(fake_gets(olga, "ROLE lobby MO member",
	    "OK ROLE lobby 104\nROLE lobby 104 T olga mo member\n"));
	fake_free(&f);
}

static void
a_room_full_of_roles_can_take_them_back(void)
{
	struct fake *f = fake_new();
	struct guy *olga = owned_room(f);
	char line[64];

	/* olga's own is one of them. */
	for (int i = 1; i < 10000; i++) {
		snprintf(line, sizeof(line), "ROLE lobby ~g%d muted", i);
		fake_post(olga, line);
		if (i % 100 == 0) {
			fake_turn(f);
			fake_forget(f);
		}
	}
	fake_turn(f);
	CU_ASSERT_EQUAL(f->room->settings.grants.count, 10000);
	CU_ASSERT(fake_gets(olga, "@id=1 ROLE lobby ~alice muted",
	    "@id=1;limit=roles ERR too-many a room has at most 10000 "
	    "roles\n"));
	CU_ASSERT(fake_gets(olga, "ROLE lobby ~g7 banned",
	    "OK ROLE lobby 10100\n"
	    "ROLE lobby 10100 T olga ~g7 banned\n"));
	CU_ASSERT(fake_gets(olga, "ROLE lobby ~g8 none",
	    "OK ROLE lobby 10101\n"
	    "ROLE lobby 10101 T olga ~g8 none\n"));
	CU_ASSERT(fake_gets(olga, "ROLE lobby ~alice muted",
	    "OK ROLE lobby 10102\n"
	    "ROLE lobby 10102 T olga ~alice muted\n"));
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "the muted hear and do not speak",
	    the_muted_hear_and_do_not_speak },
	{ "a role for a while ends by itself",
	    a_role_for_a_while_ends_by_itself },
	{ "the banned hear so, and nothing after",
	    the_banned_hear_so_and_nothing_after },
	{ "the kicked hear so, and nothing after",
	    the_kicked_hear_so_and_nothing_after },
	{ "moderators do not touch their like",
	    moderators_do_not_touch_their_like },
	{ "an owner makes owners, and administrators anything",
	    an_owner_makes_owners_and_administrators_anything },
	{ "an owner for a while leaves a room that nobody owns",
	    an_owner_for_a_while_leaves_a_room_that_nobody_owns },
	{ "roles go to names there are", roles_go_to_names_there_are },
	{ "a room full of roles can take them back",
	    a_room_full_of_roles_can_take_them_back },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room, roles", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
