/* test_lock.c -- a wrong order of locks aborts
 *
 * SPDX-License-Identifier: MIT */
#include "abort.h"
#include "suite.h"
#include "sync/lock.h"
#include "sync/thread.h"

enum { ROUNDS = 20000, STACK = 256 * 1024 };

struct locks {
	struct lock one;
	struct lock two;
};

static void
init(struct locks *l, enum lock_rank one, enum lock_rank two)
{
	lock_init(&l->one, one);
	lock_init(&l->two, two);
}

static void
fini(struct locks *l)
{
	lock_fini(&l->one);
	lock_fini(&l->two);
}

static void
take_both(void *arg)
{
	struct locks *l = arg;

	lock_take(&l->one);
	lock_take(&l->two);
	lock_drop(&l->two);
	lock_drop(&l->one);
}

static void
take_in_turn(void *arg)
{
	struct locks *l = arg;

	lock_take(&l->two);
	lock_drop(&l->two);
	lock_take(&l->one);
	lock_drop(&l->one);
	take_both(l);
}

static bool
order_aborts(enum lock_rank one, enum lock_rank two)
{
	struct locks l;
	bool dies;

	init(&l, one, two);
	dies = aborts(take_both, &l);
	fini(&l);
	return dies;
}

static void
locks_are_taken_in_rising_rank(void)
{
	struct locks l;

	for (int one = LOCK_REGISTRY; one <= LOCK_MAILBOX; one++)
		for (int two = LOCK_REGISTRY; two <= LOCK_MAILBOX; two++)
			CU_ASSERT_EQUAL(order_aborts(one, two), one >= two);
	init(&l, LOCK_REGISTRY, LOCK_MAILBOX);
	CU_ASSERT_FALSE(aborts(take_in_turn, &l));
	take_both(&l);
	fini(&l);
}

static void
drop_unheld(void *arg)
{
	lock_drop(arg);
}

static void
only_a_holder_drops(void)
{
	struct locks l;

	init(&l, LOCK_REGISTRY, LOCK_MAILBOX);
	CU_ASSERT(aborts(drop_unheld, &l.one));
	lock_take(&l.one);
	CU_ASSERT(aborts(drop_unheld, &l.two));
	lock_drop(&l.one);
	fini(&l);
}

struct shared {
	struct thread thread;
	struct lock  *lock;
	unsigned     *count;
};

static void
count_up(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < ROUNDS; i++) {
		lock_take(s->lock);
		++*s->count;
		lock_drop(s->lock);
	}
}

static void
one_thread_at_a_time(void)
{
	struct shared s[2];
	struct lock lock;
	unsigned count = 0;

	lock_init(&lock, LOCK_REGISTRY);
	for (int i = 0; i < 2; i++) {
		s[i].lock = &lock;
		s[i].count = &count;
		CU_ASSERT_EQUAL_FATAL(thread_start(&s[i].thread, "counter",
		    STACK, false, count_up, &s[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		thread_join(&s[i].thread);
	CU_ASSERT_EQUAL(count, 2 * ROUNDS);
	lock_fini(&lock);
}

static CU_TestInfo tests[] = {
	{ "locks are taken in rising rank", locks_are_taken_in_rising_rank },
	{ "only a holder drops", only_a_holder_drops },
	{ "one thread at a time", one_thread_at_a_time },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "lock", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
