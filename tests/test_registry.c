/* test_registry.c -- rooms by their names, asleep and awake
 *
 * SPDX-License-Identifier: MIT */
#include "abort.h"
#include "base/clock.h"
#include "fake.h"
#include "proto/mail.h"
#include "suite.h"

/* Opens it and lets it go at once; true if it was there or was made. */
static bool
touch(struct fake *f, const char *text, struct guy *make)
{
	const char *limit;
	struct room *room;

	if (fake_open(f, text, make, &room, &limit) != ERROR_NONE)
		return false;
	registry_close(f->registry, room);
	return true;
}

static void
one_name_is_one_room_in_any_spelling(void)
{
	struct fake *f = fake_new();
	struct guy *alice = fake_guest(f, "alice", NULL);
	struct room *one, *two;
	const char *limit;
	uint64_t made = clock_wall_ms() * 1024;

	CU_ASSERT_EQUAL_FATAL(fake_open(f, "Lobby", alice, &one, &limit),
	    ERROR_NONE);
	CU_ASSERT_EQUAL_FATAL(fake_open(f, "lOBBY", NULL, &two, &limit),
	    ERROR_NONE);
	CU_ASSERT_PTR_EQUAL(one, two);
	CU_ASSERT(slice_is(one->name, "Lobby"));
	CU_ASSERT_EQUAL(one->holders, 2);
	/* Numbers begin at the time of the making. */
	CU_ASSERT(one->last >= made && one->last < made + 60000 * 1024);
	registry_close(f->registry, one);
	registry_close(f->registry, two);
	registry_stop(f->registry);
	fake_free(&f);
}

static void
who_may_not_make_a_room_finds_none(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob, *root;
	const char *limit;
	struct room *room;

	alice = fake_guest(f, "alice", NULL);
	bob = fake_account(f, "bob");
	root = fake_admin(f, "root");
	CU_ASSERT_EQUAL(fake_open(f, "a", NULL, &room, &limit),
	    ERROR_NO_SUCH_ROOM);
	CU_ASSERT(touch(f, "a", alice));
	CU_ASSERT(touch(f, "a", NULL));
	atomic_store(&f->config->rooms_create, CREATE_ACCOUNTS);
	CU_ASSERT_EQUAL(fake_open(f, "b", alice, &room, &limit),
	    ERROR_NO_SUCH_ROOM);
	CU_ASSERT(touch(f, "b", bob));
	atomic_store(&f->config->rooms_create, CREATE_ADMINISTRATORS);
	CU_ASSERT_EQUAL(fake_open(f, "c", bob, &room, &limit),
	    ERROR_NO_SUCH_ROOM);
	CU_ASSERT(touch(f, "c", root));
	/* Those that are there open for all, and so does a conversation. */
	CU_ASSERT(touch(f, "c", alice));
	CU_ASSERT(touch(f, "@bob", alice));
	registry_stop(f->registry);
	fake_free(&f);
}

static void
set_topic(struct fake *f, const char *name)
{
	struct room *room;
	const char *limit, *why;

	CU_ASSERT_EQUAL_FATAL(fake_open(f, name, NULL, &room, &limit),
	    ERROR_NONE);
	lock_take(&f->registry->lock);
	settings_change(&room->settings, slice_of("topic"), slice_of("x"),
	    &why);
	lock_drop(&f->registry->lock);
	registry_close(f->registry, room);
}

static void
give_role(struct fake *f, const char *name)
{
	const char *limit;
	struct room *room;

	CU_ASSERT_EQUAL_FATAL(fake_open(f, name, NULL, &room, &limit),
	    ERROR_NONE);
	settings_give(&room->settings, slice_of("~eve"), ROLE_BANNED,
	    UINT64_MAX);
	registry_close(f->registry, room);
}

static void
at_the_limit_plain_sleepers_are_forgotten(void)
{
	struct fake *f = fake_new();
	struct guy *alice = fake_guest(f, "alice", NULL);
	const char *limit;
	struct room *room;

	atomic_store(&f->config->rooms_linger, 0);
	atomic_store(&f->config->rooms_max, 2);
	CU_ASSERT(touch(f, "a", alice));
	fake_all_asleep(f);
	CU_ASSERT(touch(f, "b", alice));
	fake_all_asleep(f);
	set_topic(f, "a");
	fake_all_asleep(f);
	/* b goes, though a fell asleep before it was touched again. */
	CU_ASSERT(touch(f, "c", alice));
	fake_all_asleep(f);
	CU_ASSERT(touch(f, "a", NULL));
	CU_ASSERT_FALSE(touch(f, "b", NULL));
	fake_all_asleep(f);
	/* A topic in a room that is nobody's goes too, a role does not. */
	set_topic(f, "c");
	fake_all_asleep(f);
	CU_ASSERT(touch(f, "d", alice));
	fake_all_asleep(f);
	give_role(f, "c");
	fake_all_asleep(f);
	give_role(f, "d");
	fake_all_asleep(f);
	CU_ASSERT_EQUAL(fake_open(f, "b", alice, &room, &limit),
	    ERROR_TOO_MANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(limit);
	CU_ASSERT_STRING_EQUAL(limit, "rooms.max");
	CU_ASSERT_EQUAL(f->registry->rooms.count, 2);
	registry_stop(f->registry);
	fake_free(&f);
}

static void
a_room_lingers_before_it_sleeps(void)
{
	struct fake *f = fake_new();
	struct guy *alice = fake_guest(f, "alice", NULL);
	struct room *room;
	const char *limit;

	atomic_store(&f->config->rooms_linger, 10);
	fake_room(f, NULL, "lobby");
	CU_ASSERT_EQUAL(registry_linger(f->registry, f->room, 500), 10500);
	CU_ASSERT_EQUAL_FATAL(fake_open(f, "a", alice, &room, &limit),
	    ERROR_NONE);
	registry_close(f->registry, room);
	lock_take(&f->registry->lock);
	CU_ASSERT(room->live);
	lock_drop(&f->registry->lock);
	registry_stop(f->registry);
	CU_ASSERT_FALSE(room->live);
	/* When all ends it does not linger. */
	CU_ASSERT_EQUAL(registry_linger(f->registry, f->room, 500), 500);
	fake_free(&f);
}

/* Mail under way would come to a box that nobody reads any more. */
static void
a_room_does_not_end_while_it_is_held_or_about_to_be_told(void)
{
	struct fake *f = fake_new();

	fake_room(f, NULL, "lobby");
	f->room->holders = 1;
	CU_ASSERT_FALSE(registry_retire(f->registry, f->room));
	registry_close(f->registry, f->room);
	CU_ASSERT(f->room->told);
	CU_ASSERT_FALSE(registry_retire(f->registry, f->room));
	fake_turn(f);
	CU_ASSERT_FALSE(f->room->told);
	CU_ASSERT_NOT_EQUAL(f->room->until, UINT64_MAX);
	fake_free(&f);
}

static void
count_room(const struct room *room, void *arg)
{
	unsigned *n = arg;

	CU_ASSERT(room->name.len == 1);
	++*n;
}

static void
each_room_is_seen_once(void)
{
	struct fake *f = fake_new();
	struct guy *alice = fake_guest(f, "alice", NULL);
	unsigned n = 0;

	for (int i = 0; i < 8; i++) {
		char name[] = { (char)('a' + i), '\0' };

		CU_ASSERT(touch(f, name, alice));
	}
	registry_each(f->registry, count_room, &n);
	CU_ASSERT_EQUAL(n, 8);
	registry_stop(f->registry);
	fake_free(&f);
}

static void
the_latest_time_only_rises(void)
{
	struct fake *f = fake_new();

	registry_note_time(f->registry, 7);
	registry_note_time(f->registry, 5);
	CU_ASSERT_EQUAL(atomic_load(&f->registry->high), 7);
	fake_free(&f);
}

static void
close_too_often(void *arg)
{
	struct fake *f = arg;

	registry_close(f->registry, f->room);
}

static void
a_room_is_let_go_as_often_as_it_was_held(void)
{
	struct fake *f = fake_new();

	fake_room(f, NULL, "lobby");
	CU_ASSERT(aborts(close_too_often, f));
	fake_free(&f);
}

/* Whoever saves it sends it back to the room's mailbox. */
static void
a_room_does_not_end_while_a_change_is_under_way(void)
{
	struct fake *f = fake_new();
	struct mailbox *store;
	struct mail *waiters, *m;
	const char *limit;
	struct room *room;
	bool told = true;

	fake_store(f);
	store = &f->keeping->store;
	atomic_store(&f->config->rooms_linger, 0);
	CU_ASSERT_EQUAL_FATAL(fake_open(f, "lobby", fake_account(f, "olga"),
	    &room, &limit), ERROR_NONE);
	/* Who made it owns it. */
	m = mailbox_wait(store, UINT64_MAX, &waiters);
	CU_ASSERT_EQUAL_FATAL(m->kind, MAIL_CHANGE);
	registry_close(f->registry, room);
	while (told) {
		lock_take(&f->registry->lock);
		told = room->told;
		lock_drop(&f->registry->lock);
	}
	CU_ASSERT_PTR_NULL(mailbox_wait(store, clock_ms() + 50, &waiters));
	lock_take(&f->registry->lock);
	CU_ASSERT(room->live);
	lock_drop(&f->registry->lock);
	table_entry(m, struct change, mail)->done = true;
	mailbox_send(&room->inbox, m);
	fake_all_asleep(f);
	CU_ASSERT_EQUAL(room->jobs, 0);
	fake_free(&f);
}

static void
what_the_store_knows_is_known_again(void)
{
	struct fake *f = fake_new();
	struct registry *r = f->registry;
	struct switches s = { .moderated = true, .slow = 7,
		.keep_count = 9 };
	uint64_t wall = clock_wall_ms(), now = clock_ms();
	const struct settings *set;
	struct slice key = slice_of("lobby");
	const struct grant *g;
	struct table_node *n;

	blob_add(&s.topic, slice_of("Hello"));
	registry_switches(r, key, slice_of("Lobby"), &s);
	registry_grant(r, key, slice_of("olga"), ROLE_OWNER, UINT64_MAX);
	registry_grant(r, key, slice_of("~bob"), ROLE_MUTED, wall + 60000);
	registry_grant(r, key, slice_of("~eve"), ROLE_BANNED, wall - 1);
	registry_grant(r, slice_of("none"), slice_of("olga"), ROLE_OWNER,
	    UINT64_MAX);
	CU_ASSERT_EQUAL(r->rooms.count, 1);
	n = table_find(&r->rooms, key);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	set = &table_entry(n, struct room, node)->settings;
	CU_ASSERT(set->moderated && !set->hidden && !set->ephemeral);
	CU_ASSERT_EQUAL(set->slow, 7);
	CU_ASSERT_EQUAL(set->keep_count, 9);
	CU_ASSERT_EQUAL(set->topic->len, 5);
	CU_ASSERT_EQUAL(set->owners, 1);
	CU_ASSERT_EQUAL(set->grants.count, 2);
	/* A role goes on ending when it was to end. */
	g = settings_grant(table_find(&set->grants, slice_of("~bob")));
	CU_ASSERT(g->until >= now + 59000 && g->until <= now + 61000);
	blob_unref(&s.topic);
	fake_free(&f);
}

/* A directory says which key it is of, and a key is not a name. */
static void
a_log_without_a_name_is_no_room_yet(void)
{
	struct fake *f = fake_new();
	struct registry *r = f->registry;

	registry_found(r, "roorn0", (struct slice){ 0 }, 0, 4096);
	CU_ASSERT_EQUAL(r->rooms.count, 0);
	registry_found(r, "roorn0", slice_of("Room0"), 7, 4096);
	CU_ASSERT_EQUAL(r->rooms.count, 1);
	/* Nor are two directories one room, or no name any. */
	registry_found(r, "other", slice_of("room0"), 7, 4096);
	registry_found(r, "odd", slice_of("-"), 7, 4096);
	CU_ASSERT_EQUAL(r->rooms.count, 1);
	fake_free(&f);
}

/* A clock that has jumped is ahead of the ceiling until that is raised. */
static void
a_new_room_begins_below_the_ceiling(void)
{
	struct vault v = { .floor = 5 };
	struct fake *f = fake_new();
	struct registry *r = f->registry;

	r->vault = &v;
	atomic_store(&v.high, 1000);
	atomic_store(&v.ceiling, 2000);
	CU_ASSERT_EQUAL(registry_begin(r), 1000);
	atomic_store(&v.ceiling, UINT64_MAX);
	CU_ASSERT(registry_begin(r) > 2000);
	v.floor = UINT64_MAX - 1;
	CU_ASSERT_EQUAL(registry_begin(r), UINT64_MAX - 1);
	r->vault = NULL;
	fake_free(&f);
}

static void
hide(struct fake *f, const char *name, const char *key,
    const struct guy *member)
{
	struct room *room;
	const char *limit, *why;

	CU_ASSERT_EQUAL_FATAL(fake_open(f, name, NULL, &room, &limit),
	    ERROR_NONE);
	registry_close(f->registry, room);
	/* What is set is its own thread's while it has one. */
	fake_all_asleep(f);
	lock_take(&f->registry->lock);
	settings_change(&room->settings, slice_of(key), slice_of("on"), &why);
	settings_give(&room->settings, person_key(member->contact.person),
	    ROLE_MEMBER, f->now + 3600000);
	settings_give(&room->settings, slice_of("~eve"), ROLE_BANNED,
	    UINT64_MAX);
	lock_drop(&f->registry->lock);
}

static enum error
ask(struct fake *f, const char *text, const struct guy *g, enum verb verb)
{
	struct seeker s = { .who = g->contact.person, .verb = verb,
		.now = f->now };
	const char *why, *limit = NULL;
	struct room_word word;
	struct room *room;
	enum error e = registry_word(f->registry, g->contact.person,
	    slice_of(text), &word, &why);

	CU_ASSERT_EQUAL_FATAL(e, ERROR_NONE);
	e = registry_open(f->registry, &word, &s, &room, &why, &limit);
	room_word_fini(&word);
	if (e == ERROR_NONE)
		registry_close(f->registry, room);
	else
		CU_ASSERT_STRING_EQUAL(why, error_help(e));
	return e;
}

/* Nothing starts or wakes the room for who does not see it, who is told what a
 * name is that nobody has. */
static void
what_is_not_there_for_one_stays_asleep(void)
{
	static const char *const keys[] = { "hidden", "members-only" };
	static const enum verb verbs[] = { VERB_WHO, VERB_HISTORY,
		VERB_SEARCH, VERB_LEAVE, VERB_SAY, VERB_EDIT, VERB_DELETE,
		VERB_REACT, VERB_SIGNAL, VERB_SET, VERB_ROLE, VERB_KICK };

	for (int i = 0; i < 2; i++) {
		struct fake *f = fake_new();
		struct guy *alice = fake_guest(f, "alice", NULL);
		struct guy *eve = fake_guest(f, "eve", NULL);
		struct guy *mary = fake_account(f, "mary");
		struct guy *root = fake_admin(f, "root");

		/* That of the room's own thread. */
		f->now = clock_ms();
		atomic_store(&f->config->rooms_linger, 0);
		CU_ASSERT(touch(f, "cave", root));
		hide(f, "cave", keys[i], mary);
		for (size_t v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++) {
			CU_ASSERT_EQUAL(ask(f, "CAVE", alice, verbs[v]),
			    ERROR_NO_SUCH_ROOM);
			CU_ASSERT_EQUAL(ask(f, "cave", eve, verbs[v]),
			    ERROR_NO_SUCH_ROOM);
		}
		CU_ASSERT_EQUAL(ask(f, "cave", eve, VERB_JOIN),
		    ERROR_NAME_RESERVED);
		atomic_store(&f->config->accounts_guests, GUESTS_READ);
		CU_ASSERT_EQUAL(ask(f, "cave", alice, VERB_JOIN),
		    ERROR_NO_SUCH_ROOM);
		CU_ASSERT_EQUAL(ask(f, "new", alice, VERB_JOIN),
		    ERROR_NO_SUCH_ROOM);
		atomic_store(&f->config->rooms_create, CREATE_ADMINISTRATORS);
		CU_ASSERT_EQUAL(ask(f, "cave", eve, VERB_JOIN),
		    ERROR_NO_SUCH_ROOM);
		CU_ASSERT_EQUAL(f->registry->live, 0);
		CU_ASSERT_EQUAL(ask(f, "cave", mary, VERB_WHO), ERROR_NONE);
		fake_all_asleep(f);
		f->now += 3600000;
		CU_ASSERT_EQUAL(ask(f, "cave", mary, VERB_JOIN),
		    ERROR_NO_SUCH_ROOM);
		CU_ASSERT_EQUAL(f->registry->live, 0);
		CU_ASSERT_EQUAL(ask(f, "cave", root, VERB_WHO), ERROR_NONE);
		registry_stop(f->registry);
		fake_free(&f);
	}
}

static CU_TestInfo tests[] = {
	{ "what is not there for one stays asleep",
	    what_is_not_there_for_one_stays_asleep },
	{ "a log without a name is no room yet",
	  a_log_without_a_name_is_no_room_yet },
	{ "a new room begins below the ceiling",
	  a_new_room_begins_below_the_ceiling },
	{ "one name is one room in any spelling",
	    one_name_is_one_room_in_any_spelling },
	{ "who may not make a room finds none",
	    who_may_not_make_a_room_finds_none },
	{ "at the limit plain sleepers are forgotten",
	    at_the_limit_plain_sleepers_are_forgotten },
	{ "a room lingers before it sleeps",
	    a_room_lingers_before_it_sleeps },
	{ "a room does not end while it is held or about to be told",
	    a_room_does_not_end_while_it_is_held_or_about_to_be_told },
	{ "a room does not end while a change is under way",
	  a_room_does_not_end_while_a_change_is_under_way },
	{ "what the store knows is known again",
	  what_the_store_knows_is_known_again },
	{ "each room is seen once", each_room_is_seen_once },
	{ "the latest time only rises", the_latest_time_only_rises },
	{ "a room is let go as often as it was held",
	    a_room_is_let_go_as_often_as_it_was_held },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "registry", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
