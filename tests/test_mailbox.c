/* test_mailbox.c -- mail keeps its order, is not lost, and wakes
 *
 * SPDX-License-Identifier: MIT
 *
 * The races run 10^5 rounds; VCRP_ROUNDS in the environment asks for more. */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "abort.h"
#include "base/clock.h"
#include "suite.h"
#include "sync/mailbox.h"
#include "sync/thread.h"

enum { ROUNDS = 100000, STACK = 256 * 1024, POSTERS = 2 };

static unsigned
rounds(void)
{
	const char *asked = getenv("VCRP_ROUNDS");

	return asked != NULL ? (unsigned)strtoul(asked, NULL, 10) : ROUNDS;
}

static unsigned
count(const struct mail *m)
{
	unsigned n = 0;

	for (; m != NULL; m = m->next)
		n++;
	return n;
}

static void
gives_all_at_once_oldest_first(void)
{
	struct mail m[5] = { 0 }, *got, *waiters;
	struct mailbox box;

	mailbox_init(&box, 10);
	for (unsigned i = 0; i < 5; i++) {
		m[i].kind = i;
		if (i % 2 == 0) {
			CU_ASSERT(mailbox_post(&box, &m[i], NULL));
		} else {
			mailbox_send(&box, &m[i]);
		}
	}
	got = mailbox_take(&box, &waiters);
	CU_ASSERT_PTR_NULL(waiters);
	for (unsigned i = 0; i < 5; i++, got = got->next) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(got);
		CU_ASSERT_EQUAL(got->kind, i);
	}
	CU_ASSERT_PTR_NULL(got);
	CU_ASSERT_PTR_NULL(mailbox_take(&box, &waiters));
	mailbox_fini(&box);
}

static void
wake(struct mailbox *b)
{
	struct mail_chain none;

	chain_init(&none);
	mailbox_post_all(b, &none, 0);
}

static void
refuses_requests_past_its_limit_and_nothing_else(void)
{
	struct mail m[6] = { 0 }, *waiters;
	struct mailbox box;

	mailbox_init(&box, 2);
	CU_ASSERT(mailbox_post(&box, &m[0], NULL));
	CU_ASSERT(mailbox_post(&box, &m[1], NULL));
	CU_ASSERT_FALSE(mailbox_post(&box, &m[2], NULL));
	mailbox_send(&box, &m[3]);
	CU_ASSERT_FALSE(mailbox_post(&box, &m[2], NULL));
	CU_ASSERT_EQUAL(mailbox_refused(&box), 2);
	CU_ASSERT_EQUAL(count(mailbox_take(&box, &waiters)), 3);
	/* Answers take no request's place. */
	mailbox_send(&box, &m[3]);
	mailbox_send(&box, &m[4]);
	CU_ASSERT(mailbox_post(&box, &m[0], NULL));
	CU_ASSERT(mailbox_post(&box, &m[1], NULL));
	CU_ASSERT_FALSE(mailbox_post(&box, &m[2], NULL));
	CU_ASSERT_EQUAL(count(mailbox_take(&box, &waiters)), 4);
	mailbox_fini(&box);
}

static void
gives_the_refused_back_with_the_next_batch(void)
{
	struct mail m[3] = { 0 }, a = { 0 }, b = { 0 }, *waiters;
	struct mailbox box;

	mailbox_init(&box, 1);
	CU_ASSERT(mailbox_post(&box, &m[0], &a));
	CU_ASSERT_FALSE(mailbox_post(&box, &m[1], &a));
	CU_ASSERT_FALSE(mailbox_post(&box, &m[2], &b));
	CU_ASSERT_EQUAL(count(mailbox_take(&box, &waiters)), 1);
	CU_ASSERT_EQUAL(count(waiters), 2);
	CU_ASSERT(waiters == &a || waiters == &b);
	CU_ASSERT(waiters != NULL && waiters->next != waiters &&
	    (waiters->next == &a || waiters->next == &b));
	mailbox_take(&box, &waiters);
	CU_ASSERT_PTR_NULL(waiters);
	mailbox_fini(&box);
}

static void
a_chain_goes_in_as_a_whole_and_is_empty_then(void)
{
	struct mail m[4] = { 0 }, *got, *waiters;
	struct mail_chain chain;
	struct mailbox box;

	mailbox_init(&box, 0);
	chain_init(&chain);
	mailbox_send_chain(&box, &chain);
	mailbox_send(&box, &m[0]);
	chain_add(&chain, &m[1]);
	chain_add(&chain, &m[2]);
	mailbox_send_chain(&box, &chain);
	CU_ASSERT_PTR_NULL(chain.first);
	CU_ASSERT_PTR_EQUAL(chain.last, &chain.first);
	mailbox_send(&box, &m[3]);
	got = mailbox_take(&box, &waiters);
	for (int i = 0; i < 4; i++, got = got->next) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(got);
		CU_ASSERT_PTR_EQUAL(got, &m[i]);
	}
	CU_ASSERT_PTR_NULL(got);
	mailbox_fini(&box);
}

static void
tells_how_many_more_it_would_take(void)
{
	struct mail m[5] = { 0 }, *got, *waiters;
	struct mail_chain chain;
	struct mailbox box;

	mailbox_init(&box, 4);
	CU_ASSERT_EQUAL(mailbox_places(&box), 4);
	CU_ASSERT(mailbox_post(&box, &m[0], NULL));
	CU_ASSERT_EQUAL(mailbox_places(&box), 3);
	chain_init(&chain);
	for (int i = 1; i < 4; i++)
		chain_add(&chain, &m[i]);
	mailbox_post_all(&box, &chain, 3);
	CU_ASSERT_PTR_NULL(chain.first);
	CU_ASSERT_EQUAL(mailbox_places(&box), 0);
	CU_ASSERT_FALSE(mailbox_post(&box, &m[4], NULL));
	got = mailbox_take(&box, &waiters);
	for (int i = 0; i < 4; i++, got = got->next) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(got);
		CU_ASSERT_PTR_EQUAL(got, &m[i]);
	}
	CU_ASSERT_EQUAL(mailbox_places(&box), 4);
	mailbox_fini(&box);
}

static void
waits_no_longer_than_until(void)
{
	struct mail *waiters;
	struct mailbox box;
	uint64_t now = clock_ms();

	mailbox_init(&box, 1);
	CU_ASSERT_PTR_NULL(mailbox_wait(&box, now, &waiters));
	CU_ASSERT_PTR_NULL(mailbox_wait(&box, now + 20, &waiters));
	CU_ASSERT(clock_ms() >= now + 20);
	mailbox_fini(&box);
}

static bool
is_poked(const struct mailbox *box)
{
	struct pollfd p = { .fd = box->fd, .events = POLLIN };
	uint64_t n;

	if (poll(&p, 1, 0) != 1)
		return false;
	CU_ASSERT_EQUAL(read(box->fd, &n, sizeof(n)), sizeof(n));
	CU_ASSERT_EQUAL(n, 1);
	return true;
}

static void
pokes_its_eventfd_once_and_only_a_sleeper(void)
{
	struct mail m[6] = { 0 }, *waiters;
	struct mailbox box;

	CU_ASSERT_EQUAL_FATAL(mailbox_init_eventfd(&box, 4), 0);
	mailbox_send(&box, &m[0]);
	CU_ASSERT_FALSE(is_poked(&box));
	/* There is mail: no sleep. */
	CU_ASSERT_FALSE(mailbox_may_sleep(&box));
	mailbox_take(&box, &waiters);
	CU_ASSERT(mailbox_may_sleep(&box));
	mailbox_post(&box, &m[1], NULL);
	CU_ASSERT_FALSE(is_poked(&box));
	wake(&box);
	CU_ASSERT(is_poked(&box));
	mailbox_send(&box, &m[2]);
	wake(&box);
	CU_ASSERT_FALSE(is_poked(&box));
	mailbox_take(&box, &waiters);
	/* Nothing to wake for. */
	CU_ASSERT(mailbox_may_sleep(&box));
	wake(&box);
	CU_ASSERT_FALSE(is_poked(&box));
	mailbox_rose(&box);
	mailbox_send(&box, &m[3]);
	CU_ASSERT_FALSE(is_poked(&box));
	mailbox_take(&box, &waiters);
	CU_ASSERT(mailbox_may_sleep(&box));
	mailbox_send(&box, &m[4]);
	CU_ASSERT(is_poked(&box));
	mailbox_take(&box, &waiters);
	CU_ASSERT(mailbox_may_sleep(&box));
	mailbox_add(&box, &m[5]);
	CU_ASSERT_FALSE(is_poked(&box));
	wake(&box);
	CU_ASSERT(is_poked(&box));
	CU_ASSERT_PTR_EQUAL(mailbox_take(&box, &waiters), &m[5]);
	mailbox_fini(&box);
}

static void
end_with_mail_inside(void *arg)
{
	mailbox_fini(arg);
}

static void
a_box_with_mail_does_not_end(void)
{
	struct mail m = { 0 }, *waiters;
	struct mailbox box;

	mailbox_init(&box, 1);
	mailbox_send(&box, &m);
	CU_ASSERT(aborts(end_with_mail_inside, &box));
	mailbox_take(&box, &waiters);
	mailbox_fini(&box);
}

/* Letters, with who sent them and which of his this is. */
struct letter {
	struct mail mail;
	unsigned    number;
};

struct poster {
	struct thread   thread;
	struct mailbox *box;
	struct letter  *letters;
	unsigned        count;
	unsigned        who;
	struct mailbox  own;	/* told of space here */
	struct mail     space;
};

/* As an io thread does it: some mail as requests, which wait for space when
 * they are refused, and some as answers. */
static void
post_all(void *arg)
{
	struct poster *p = arg;
	struct mail *waiters;

	for (unsigned i = 0; i < p->count; i++) {
		struct letter *l = &p->letters[i];

		l->mail.kind = p->who;
		l->number = i;
		if (i % 3 == 2) {
			mailbox_send(p->box, &l->mail);
			continue;
		}
		while (!mailbox_post(p->box, &l->mail, &p->space)) {
			wake(p->box);
			mailbox_wait(&p->own, UINT64_MAX, &waiters);
		}
		if (i % 5 == 4 || i + 1 == p->count)
			wake(p->box);
	}
	wake(p->box);
}

static void
start_posters(struct poster *p, struct mailbox *box, unsigned each)
{
	for (unsigned i = 0; i < POSTERS; i++) {
		p[i].box = box;
		p[i].who = i;
		p[i].count = each;
		p[i].letters = calloc(each, sizeof(*p[i].letters));
		p[i].space.kind = POSTERS + i;
		mailbox_init(&p[i].own, 0);
		CU_ASSERT_EQUAL_FATAL(thread_start(&p[i].thread, "poster",
		    STACK, false, post_all, &p[i]), 0);
	}
}

static void
join_posters(struct poster *p)
{
	for (unsigned i = 0; i < POSTERS; i++) {
		struct mail *waiters;

		thread_join(&p[i].thread);
		mailbox_take(&p[i].own, &waiters);
		mailbox_fini(&p[i].own);
		free(p[i].letters);
	}
}

/* Counts a batch off; false if a poster's order was not kept. */
static bool
count_off(struct mail *batch, unsigned next[POSTERS])
{
	for (struct mail *m = batch; m != NULL; m = m->next) {
		struct letter *l = (struct letter *)m;

		if (m->kind >= POSTERS || l->number != next[m->kind]++)
			return false;
	}
	return true;
}

static void
send_space(struct poster *p, struct mail *waiters)
{
	for (struct mail *next; waiters != NULL; waiters = next) {
		next = waiters->next;
		mailbox_send(&p[waiters->kind - POSTERS].own, waiters);
	}
}

static void
two_posters_lose_nothing_and_keep_their_order(void)
{
	struct poster posters[POSTERS];
	unsigned next[POSTERS] = { 0 }, each = rounds();
	struct mail *waiters;
	struct mailbox box;
	bool order = true;

	mailbox_init(&box, 7);
	start_posters(posters, &box, each);
	while (order && next[0] + next[1] < 2 * each) {
		order = count_off(mailbox_wait(&box, UINT64_MAX, &waiters),
		    next);
		send_space(posters, waiters);
	}
	CU_ASSERT_FATAL(order);
	join_posters(posters);
	CU_ASSERT_EQUAL(next[0], each);
	CU_ASSERT_EQUAL(next[1], each);
	mailbox_fini(&box);
}

/* The litmus test of the eventfd: a wake-up that is lost is a poll that ends
 * by its patience. */
static bool
sleep_until_mail(struct mailbox *box)
{
	struct pollfd p = { .fd = box->fd, .events = POLLIN };
	uint64_t n;
	int rc;

	if (!mailbox_may_sleep(box))
		return true;
	rc = poll(&p, 1, 30000);
	mailbox_rose(box);
	if (rc == 1 && read(box->fd, &n, sizeof(n)) < 0)
		rc = 0;
	return rc == 1;
}

static void
no_wake_up_is_lost_with_an_eventfd(void)
{
	struct poster posters[POSTERS];
	unsigned next[POSTERS] = { 0 }, each = rounds();
	struct mail *waiters;
	struct mailbox box;
	bool good = true;

	CU_ASSERT_EQUAL_FATAL(mailbox_init_eventfd(&box, 7), 0);
	start_posters(posters, &box, each);
	while (good && next[0] + next[1] < 2 * each) {
		good = sleep_until_mail(&box) &&
		    count_off(mailbox_take(&box, &waiters), next);
		if (good)
			send_space(posters, waiters);
	}
	CU_ASSERT_FATAL(good);
	join_posters(posters);
	CU_ASSERT_EQUAL(next[0] + next[1], 2 * each);
	mailbox_fini(&box);
}

struct pong {
	struct thread  thread;
	struct mailbox here, there;
	unsigned       rounds;
};

static void
send_back(void *arg)
{
	struct pong *p = arg;

	for (unsigned i = 0; i < p->rounds; i++) {
		struct mail *waiters;
		struct mail *m =
		    mailbox_wait(&p->there, UINT64_MAX, &waiters);

		mailbox_send(&p->here, m);
	}
}

/* Both sleep each time, so every round is two wake-ups. */
static void
one_piece_goes_to_and_fro(void)
{
	struct pong p = { .rounds = rounds() / 4 };
	struct mail ball = { 0 }, *waiters;
	bool same = true;

	mailbox_init(&p.there, 0);
	CU_ASSERT_EQUAL_FATAL(mailbox_init_eventfd(&p.here, 0), 0);
	CU_ASSERT_EQUAL_FATAL(thread_start(&p.thread, "pong", STACK, false,
	    send_back, &p), 0);
	for (unsigned i = 0; i < p.rounds && same; i++) {
		mailbox_send(&p.there, &ball);
		same = sleep_until_mail(&p.here) &&
		    mailbox_take(&p.here, &waiters) == &ball;
	}
	CU_ASSERT_FATAL(same);
	thread_join(&p.thread);
	mailbox_fini(&p.here);
	mailbox_fini(&p.there);
}

static CU_TestInfo tests[] = {
	{ "gives all at once, oldest first", gives_all_at_once_oldest_first },
	{ "refuses requests past its limit, and nothing else",
	    refuses_requests_past_its_limit_and_nothing_else },
	{ "gives the refused back with the next batch",
	    gives_the_refused_back_with_the_next_batch },
	{ "a chain goes in as a whole, and is empty then",
	    a_chain_goes_in_as_a_whole_and_is_empty_then },
	{ "tells how many more it would take",
	    tells_how_many_more_it_would_take },
	{ "waits no longer than until", waits_no_longer_than_until },
	{ "pokes its eventfd once, and only a sleeper",
	    pokes_its_eventfd_once_and_only_a_sleeper },
	{ "a box with mail does not end", a_box_with_mail_does_not_end },
	{ "two posters lose nothing and keep their order",
	    two_posters_lose_nothing_and_keep_their_order },
	{ "no wake-up is lost with an eventfd",
	    no_wake_up_is_lost_with_an_eventfd },
	{ "one piece goes to and fro", one_piece_goes_to_and_fro },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "mailbox", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
