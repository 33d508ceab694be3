/* test_registry.c -- rooms by their names, asleep and awake
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "abort.h"
#include "base/clock.h"
#include "fake.h"
#include "proto/mail.h"
#include "suite.h"
#include "wire/vcrp.h"

enum { ROUNDS = 2000, STACK = 256 * 1024 };

/* Opens a room by its word and says how that went. In other threads too, so
 * that nothing of CUnit is in it. */
static enum error
open_room(struct fake *f, const char *text, struct guy *make,
    struct room **room_r, const char **limit_r)
{
	struct room_word word;
	const char *why = NULL;
	enum error e = registry_word(f->registry,
	    make != NULL ? make->contact.person : NULL, slice_of(text), &word,
	    &why);

	*limit_r = NULL;
	assert(e == ERROR_NONE);
	e = registry_open(f->registry, &word,
	    make != NULL ? make->contact.person : NULL, room_r, &why,
	    limit_r);
	assert(e == ERROR_NONE || why != NULL);
	room_word_fini(&word);
	return e;
}

/* Opens it and lets it go at once; true if it was there or was made. */
static bool
touch(struct fake *f, const char *text, struct guy *make)
{
	const char *limit;
	struct room *room;

	if (open_room(f, text, make, &room, &limit) != ERROR_NONE)
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

	CU_ASSERT_EQUAL_FATAL(open_room(f, "Lobby", alice, &one, &limit),
	    ERROR_NONE);
	CU_ASSERT_EQUAL_FATAL(open_room(f, "lOBBY", NULL, &two, &limit),
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
	CU_ASSERT_EQUAL(open_room(f, "a", NULL, &room, &limit),
	    ERROR_NO_SUCH_ROOM);
	CU_ASSERT(touch(f, "a", alice));
	CU_ASSERT(touch(f, "a", NULL));
	atomic_store(&f->config->rooms_create, CREATE_ACCOUNTS);
	CU_ASSERT_EQUAL(open_room(f, "b", alice, &room, &limit),
	    ERROR_NO_SUCH_ROOM);
	CU_ASSERT(touch(f, "b", bob));
	atomic_store(&f->config->rooms_create, CREATE_ADMINISTRATORS);
	CU_ASSERT_EQUAL(open_room(f, "c", bob, &room, &limit),
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

	CU_ASSERT_EQUAL_FATAL(open_room(f, name, NULL, &room, &limit),
	    ERROR_NONE);
	lock_take(&f->registry->lock);
	settings_change(&room->settings, slice_of("topic"), slice_of("x"),
	    &why);
	lock_drop(&f->registry->lock);
	registry_close(f->registry, room);
}

/* Until all rooms sleep. Their threads tell the registry, not the test. */
static void
all_asleep(struct fake *f)
{
	lock_take(&f->registry->lock);
	while (f->registry->live > 0)
		pthread_cond_wait(&f->registry->quiet,
		    &f->registry->lock.mutex);
	lock_drop(&f->registry->lock);
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
	all_asleep(f);
	CU_ASSERT(touch(f, "b", alice));
	all_asleep(f);
	set_topic(f, "a");
	all_asleep(f);
	/* b goes, though a fell asleep before it was touched again. */
	CU_ASSERT(touch(f, "c", alice));
	all_asleep(f);
	CU_ASSERT(touch(f, "a", NULL));
	CU_ASSERT_FALSE(touch(f, "b", NULL));
	all_asleep(f);
	set_topic(f, "c");
	all_asleep(f);
	CU_ASSERT_EQUAL(open_room(f, "b", alice, &room, &limit),
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
	CU_ASSERT_EQUAL_FATAL(open_room(f, "a", alice, &room, &limit),
	    ERROR_NONE);
	CU_ASSERT(room->live);
	registry_close(f->registry, room);
	CU_ASSERT(room->told);
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

	for (int i = 0; i < 26; i++) {
		char name[] = { (char)('a' + i), '\0' };

		CU_ASSERT(touch(f, name, alice));
	}
	registry_each(f->registry, count_room, &n);
	CU_ASSERT_EQUAL(n, 26);
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

/* An io thread with one connection, which comes and goes. */
struct visitor {
	struct thread    thread;
	pthread_barrier_t *together;
	struct fake     *fake;
	struct guy      *guy;
	struct room     *room;
	struct feed     *feed;
	struct member   *member;
	bool             ended;		/* END was had, or DETACH is back */
	struct request  *answer;
	uint64_t         numbers[ROUNDS];
	bool             good;
};

static void
take_mail(struct visitor *v, struct mail *m)
{
	switch (m->kind) {
	case MAIL_REQUEST:
		v->answer = table_entry(m, struct request, mail);
		break;
	case MAIL_FEED:
		atomic_store(&table_entry(m, struct feed, more)->dirty,
		    false);
		break;
	case MAIL_END:
	case MAIL_DETACH:
		v->ended = true;
		break;
	default:
		v->good = false;
	}
}

static void
wait_mail(struct visitor *v)
{
	struct mail *waiters, *next;
	struct mail *m = mailbox_wait(
	    &v->fake->boxes[v->guy->contact.io], UINT64_MAX, &waiters);

	for (; m != NULL; m = next) {
		next = m->next;
		take_mail(v, m);
	}
}

static struct request *
ask(struct visitor *v, const char *line)
{
	struct request *r;
	struct words w;
	char why[WHY_MAX];

	v->good = v->good && vcrp_parse(slice_of(line), &w, why) == 0;
	r = request_new(&w, slice_of(line));
	r->who = v->guy->contact.person;
	r->conn_id = v->guy->contact.conn;
	r->io = v->guy->contact.io;
	r->feed = v->feed;
	r->member = v->member;
	v->answer = NULL;
	mailbox_post(&v->room->inbox, &r->mail, NULL);
	mailbox_wake(&v->room->inbox);
	while (v->answer == NULL)
		wait_mail(v);
	return v->answer;
}

static void
enter(struct visitor *v, uint64_t after)
{
	char line[64];
	struct request *r;

	snprintf(line, sizeof(line), "JOIN lobby %" PRIu64, after);
	v->member = NULL;
	v->ended = false;
	r = ask(v, line);
	v->member = r->member;
	v->good = v->good && r->place.chunk != NULL;
	request_free(&r);
}

/* Says something; saying it again tells the number that it has. */
static uint64_t
say(struct visitor *v, unsigned i)
{
	char line[64];
	struct request *r;
	uint64_t number = 0;
	size_t len;

	snprintf(line, sizeof(line), "@id=%u SAY lobby %u", i, i);
	r = ask(v, line);
	v->good = v->good && r->reply == NULL;
	request_free(&r);
	r = ask(v, line);
	len = (size_t)snprintf(line, sizeof(line), "@id=%u OK SAY lobby ", i);
	v->good = v->good && r->reply != NULL && r->reply->len > len &&
	    memcmp(r->reply->data, line, len) == 0 &&
	    number_parse((struct slice){ r->reply->data + len,
	    r->reply->len - len - 1 }, 1, &number);
	request_free(&r);
	return number;
}

/* By LEAVE, or by the connection's end. */
static void
go(struct visitor *v, bool politely)
{
	struct member *m = v->member;

	if (politely) {
		struct request *r = ask(v, "LEAVE lobby");

		request_free(&r);
	} else {
		m->ask.kind = MAIL_DETACH;
		mailbox_send(&v->room->inbox, &m->ask);
	}
	while (!v->ended || atomic_load(&v->feed->dirty))
		wait_mail(v);
	blob_unref(&m->last_words);
	free(m);
}

static void
visit_once(struct visitor *v, unsigned i)
{
	uint64_t before = i > 0 ? v->numbers[i - 1] : 1;
	const char *limit;

	enum error e = open_room(v->fake, "lobby", v->guy, &v->room, &limit);

	assert(e == ERROR_NONE);
	v->feed = &v->room->feeds[v->guy->contact.io];
	enter(v, before - 1);
	v->numbers[i] = say(v, i);
	v->good = v->good && v->numbers[i] > before;
	go(v, i % 2 == 0);
	registry_close(v->fake->registry, v->room);
}

/* Both let go of the room and come back at once: while its thread decides
 * whether it may end, and in every fourth round when it has ended. */
static void
visit(void *arg)
{
	struct visitor *v = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		visit_once(v, i);
		pthread_barrier_wait(v->together);
		if (i % 4 == 3) {
			if (v->guy->contact.io == 0)
				all_asleep(v->fake);
			pthread_barrier_wait(v->together);
		}
	}
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *m = a, *n = b;

	return (*m > *n) - (*m < *n);
}

static void
numbers_go_on_while_a_room_falls_asleep_and_wakes(void)
{
	struct visitor *v = calloc(FAKE_IOS, sizeof(*v));
	static uint64_t all[FAKE_IOS * ROUNDS];
	struct fake *f = fake_new();
	pthread_barrier_t together;
	struct room *room;
	bool whole = true;

	atomic_store(&f->config->rooms_linger, 0);
	pthread_barrier_init(&together, NULL, FAKE_IOS);
	for (int i = 0; i < FAKE_IOS; i++) {
		v[i].together = &together;
		v[i].fake = f;
		v[i].guy = fake_guest(f, i == 0 ? "alice" : "bob", NULL);
		v[i].good = true;
	}
	for (int i = 0; i < FAKE_IOS; i++)
		CU_ASSERT_EQUAL_FATAL(thread_start(&v[i].thread, "visitor",
		    STACK, false, visit, &v[i]), 0);
	for (int i = 0; i < FAKE_IOS; i++) {
		thread_join(&v[i].thread);
		CU_ASSERT_FATAL(v[i].good);
		memcpy(all + i * ROUNDS, v[i].numbers, sizeof(v[i].numbers));
	}
	registry_stop(f->registry);
	room = v[0].room;
	CU_ASSERT_PTR_EQUAL(room, v[1].room);
	qsort(all, FAKE_IOS * ROUNDS, sizeof(all[0]), by_number);
	for (int i = 1; i < FAKE_IOS * ROUNDS; i++)
		whole = whole && all[i] == all[i - 1] + 1;
	CU_ASSERT(whole);
	CU_ASSERT_EQUAL(room->last, all[FAKE_IOS * ROUNDS - 1]);
	CU_ASSERT_EQUAL(counter_get(&room->counters.events),
	    FAKE_IOS * ROUNDS);
	/* It did sleep: both came back to a GAP. */
	CU_ASSERT(counter_get(&room->counters.gaps) >=
	    FAKE_IOS * ROUNDS / 4);
	pthread_barrier_destroy(&together);
	free(v);
	fake_free(&f);
}

static CU_TestInfo tests[] = {
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
	{ "each room is seen once", each_room_is_seen_once },
	{ "the latest time only rises", the_latest_time_only_rises },
	{ "a room is let go as often as it was held",
	    a_room_is_let_go_as_often_as_it_was_held },
	{ "numbers go on while a room falls asleep and wakes",
	    numbers_go_on_while_a_room_falls_asleep_and_wakes },
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
