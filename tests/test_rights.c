/* test_rights.c -- who may do what, case by case
 *
 * SPDX-License-Identifier: MIT
 *
 * doc/rights.md has the whole table and is held to may() by itself; these are
 * the sentences it must not be changed against. */
#include "room/rights.h"
#include "suite.h"

static const enum verb speaking[] = { VERB_SAY, VERB_EDIT, VERB_REACT,
	VERB_SIGNAL, VERB_DELETE };
enum { SPEAKING = sizeof(speaking) / sizeof(speaking[0]) };

static struct actor
insider(enum role role)
{
	return (struct actor){ .inside = true, .role = role };
}

static bool
speaks(const struct actor *a, const struct standing *s, enum error expected)
{
	bool good = true;

	for (int i = 0; i < SPEAKING; i++)
		good = good && may(a, speaking[i], s, false) == expected;
	return good;
}

static void
roles_have_names_in_any_case(void)
{
	for (int r = 0; r < ROLE_COUNT; r++)
		CU_ASSERT_EQUAL(role_find(slice_of(role_name(r))),
		    (enum role)r);
	CU_ASSERT_EQUAL(role_find(slice_of("OWNER")), ROLE_OWNER);
	CU_ASSERT_EQUAL(role_find(slice_of("king")), ROLE_COUNT);
	CU_ASSERT_EQUAL(role_find(slice_of("")), ROLE_COUNT);
}

static void
who_is_outside_does_not_speak(void)
{
	struct standing s = { 0 };

	for (int r = 0; r < ROLE_COUNT; r++)
		for (int admin = 0; admin < 2; admin++) {
			struct actor a = { .role = r, .admin = admin };

			CU_ASSERT(speaks(&a, &s, ERROR_NOT_MEMBER));
			CU_ASSERT_EQUAL(may(&a, VERB_LEAVE, &s, false),
			    ERROR_NOT_MEMBER);
		}
}

static void
nobody_muted_speaks_and_nobody_banned_enters(void)
{
	struct standing s = { .owned = true };
	struct actor muted = insider(ROLE_MUTED);
	struct actor banned = { .role = ROLE_BANNED };

	CU_ASSERT(speaks(&muted, &s, ERROR_MUTED));
	CU_ASSERT_EQUAL(may(&muted, VERB_LEAVE, &s, false), ERROR_NONE);
	CU_ASSERT_EQUAL(may(&muted, VERB_WHO, &s, false), ERROR_NONE);
	CU_ASSERT_EQUAL(may(&banned, VERB_JOIN, &s, false), ERROR_BANNED);
	CU_ASSERT_EQUAL(may(&banned, VERB_WHO, &s, false), ERROR_BANNED);
	s.owned = false;
	CU_ASSERT_EQUAL(may(&muted, VERB_SET, &s, false), ERROR_DENIED);
}

static void
a_moderated_room_is_for_voices(void)
{
	struct standing s = { .moderated = true };

	for (int r = ROLE_NONE; r < ROLE_COUNT; r++) {
		struct actor a = insider(r);

		CU_ASSERT(speaks(&a, &s,
		    r >= ROLE_VOICE ? ERROR_NONE : ERROR_DENIED));
	}
}

static void
a_room_not_for_one_is_not_there(void)
{
	struct standing all[] = { { .members_only = true },
	    { .hidden = true } };

	for (int i = 0; i < 2 * ROLE_COUNT; i++) {
		struct standing *s = &all[i / ROLE_COUNT];
		struct actor a = { .role = i % ROLE_COUNT };
		bool there = a.role >= ROLE_MEMBER;

		CU_ASSERT_EQUAL(may_see(&a, s), there);
		CU_ASSERT_EQUAL(may(&a, VERB_WHO, s, false),
		    there ? ERROR_NONE : ERROR_NO_SUCH_ROOM);
		CU_ASSERT_EQUAL(may(&a, VERB_JOIN, s, false),
		    there ? ERROR_NONE : ERROR_NO_SUCH_ROOM);
		a.maker = true;
		CU_ASSERT_EQUAL(may(&a, VERB_JOIN, s, false),
		    there ? ERROR_NONE : ERROR_NAME_RESERVED);
		a.inside = true;
		CU_ASSERT(may_see(&a, s));
		a.inside = false;
		a.admin = true;
		CU_ASSERT(may_see(&a, s));
	}
}

static void
a_reader_says_and_sets_nothing(void)
{
	static const enum verb setting[] = { VERB_SET, VERB_ROLE, VERB_KICK };

	for (int i = 0; i < 4; i++) {
		struct actor a = { .reader = true, .inside = i & 1,
			.role = ROLE_NONE };
		struct standing s = { .direct = i & 2 };

		CU_ASSERT(speaks(&a, &s, ERROR_DENIED));
		for (int v = 0; v < 3; v++)
			CU_ASSERT_EQUAL(may(&a, setting[v], &s, false),
			    ERROR_DENIED);
		CU_ASSERT_EQUAL(may(&a, VERB_JOIN, &s, false), ERROR_NONE);
		CU_ASSERT_EQUAL(may(&a, VERB_HISTORY, &s, false), ERROR_NONE);
	}
}

static void
governing_is_for_moderators(void)
{
	struct standing s = { .owned = true };

	for (int r = ROLE_NONE; r < ROLE_COUNT; r++) {
		struct actor a = insider(r);
		enum error e = r >= ROLE_MODERATOR ? ERROR_NONE :
		    ERROR_DENIED;

		CU_ASSERT_EQUAL(may(&a, VERB_KICK, &s, true), e);
		CU_ASSERT_EQUAL(may(&a, VERB_ROLE, &s, true), e);
		CU_ASSERT_EQUAL(may(&a, VERB_SET, &s, true), e);
		CU_ASSERT_EQUAL(may(&a, VERB_SET, &s, false), e);
		CU_ASSERT_EQUAL(may(&a, VERB_DELETE, &s, true), e);
		CU_ASSERT_EQUAL(may(&a, VERB_DELETE, &s, false), ERROR_NONE);
	}
}

static void
a_conversation_of_two_is_not_governed(void)
{
	struct standing s = { .direct = true };
	struct actor admin = { .admin = true, .role = ROLE_OWNER };
	struct actor outside = { .role = ROLE_NONE };

	CU_ASSERT_EQUAL(may(&admin, VERB_KICK, &s, true), ERROR_DENIED);
	CU_ASSERT_EQUAL(may(&admin, VERB_ROLE, &s, true), ERROR_DENIED);
	CU_ASSERT_EQUAL(may(&admin, VERB_SET, &s, true), ERROR_DENIED);
	CU_ASSERT(speaks(&outside, &s, ERROR_NONE));
}

static void
what_a_room_does_not_run_nobody_may(void)
{
	struct standing s = { 0 };
	struct actor a = { .admin = true, .inside = true,
		.role = ROLE_OWNER };

	CU_ASSERT_EQUAL(may(&a, VERB_SHUTDOWN, &s, false), ERROR_DENIED);
	CU_ASSERT_EQUAL(may(&a, VERB_HELLO, &s, false), ERROR_DENIED);
}

static void
one_gives_what_is_below_one(void)
{
	for (int giver = 0; giver < ROLE_COUNT; giver++)
		for (int now = 0; now < ROLE_COUNT; now++)
			for (int role = 0; role < ROLE_COUNT; role++) {
				struct actor a = insider(giver);
				bool good = giver == ROLE_OWNER ||
				    (giver == ROLE_MODERATOR &&
				    now < ROLE_MODERATOR &&
				    role < ROLE_MODERATOR);

				CU_ASSERT_EQUAL(may_give(&a, now, role),
				    good ? ERROR_NONE : ERROR_DENIED);
				a.admin = true;
				CU_ASSERT_EQUAL(may_give(&a, now, role),
				    ERROR_NONE);
			}
}

static CU_TestInfo tests[] = {
	{ "roles have names, in any case", roles_have_names_in_any_case },
	{ "who is outside does not speak", who_is_outside_does_not_speak },
	{ "nobody muted speaks, and nobody banned enters",
	    nobody_muted_speaks_and_nobody_banned_enters },
	{ "a moderated room is for voices", a_moderated_room_is_for_voices },
	{ "a room not for one is not there",
	    a_room_not_for_one_is_not_there },
	{ "a reader says and sets nothing", a_reader_says_and_sets_nothing },
	{ "governing is for moderators", governing_is_for_moderators },
	{ "a conversation of two is not governed",
	    a_conversation_of_two_is_not_governed },
	{ "what a room does not run nobody may",
	    what_a_room_does_not_run_nobody_may },
	{ "one gives what is below one", one_gives_what_is_below_one },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "rights", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
