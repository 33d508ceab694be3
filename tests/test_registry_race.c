/* test_registry_race.c -- rooms fall asleep while others come in
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake.h"
#include "proto/mail.h"
#include "suite.h"
#include "wire/vcrp.h"

enum { ROUNDS = 2000, STACK = 256 * 1024 };

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
	struct move *move;

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
		move = table_entry(m, struct move, mail);
		move_free(&move);
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
	struct mail_chain none;
	struct request *r;
	struct words w;
	char why[WHY_MAX];

	chain_init(&none);
	v->good = v->good && vcrp_parse(slice_of(line), &w, why) == 0;
	r = request_new(NULL, &w, slice_of(line));
	r->who = v->guy->contact.person;
	r->conn_id = v->guy->contact.conn;
	r->io = v->guy->contact.io;
	r->feed = v->feed;
	r->from = r->member = v->member;
	v->answer = NULL;
	mailbox_post(&v->room->inbox, &r->mail, NULL);
	mailbox_post_all(&v->room->inbox, &none, 0);
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
	request_free(NULL, &r);
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
	request_free(NULL, &r);
	r = ask(v, line);
	len = (size_t)snprintf(line, sizeof(line), "@id=%u OK SAY lobby ", i);
	v->good = v->good && r->reply != NULL && r->reply->len > len &&
	    memcmp(r->reply->data, line, len) == 0 &&
	    number_parse((struct slice){ r->reply->data + len,
	    r->reply->len - len - 1 }, 1, &number);
	request_free(NULL, &r);
	return number;
}

/* By LEAVE, or by the connection's end. */
static void
go(struct visitor *v, bool politely)
{
	if (politely) {
		struct request *r = ask(v, "LEAVE lobby");

		request_free(NULL, &r);
	} else {
		struct move *move = move_new(v->member, MAIL_DETACH);

		mailbox_send(&v->room->inbox, &move->mail);
	}
	while (!v->ended || atomic_load(&v->feed->dirty))
		wait_mail(v);
	free(v->member);
}

static void
visit_once(struct visitor *v, unsigned i)
{
	uint64_t before = i > 0 ? v->numbers[i - 1] : 1;
	const char *limit;

	enum error e = fake_open(v->fake, "lobby", v->guy, &v->room, &limit);

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
				fake_all_asleep(v->fake);
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
	{ "numbers go on while a room falls asleep and wakes",
	    numbers_go_on_while_a_room_falls_asleep_and_wakes },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "registry, races", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
