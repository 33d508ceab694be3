/* test_thread.c -- how a thread starts
 *
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#include "suite.h"
#include "sync/thread.h"

enum { STACK = 256 * 1024 };

struct seen {
	struct thread thread;
	struct thread other;
	bool   is_itself;
	bool   is_other;
	int    blocked;		/* signals */
	char   name[16];
	size_t stack;
	sem_t  done;
};

static void
look(void *arg)
{
	struct seen *s = arg;
	pthread_attr_t attr;
	sigset_t set;

	s->is_itself = thread_is(&s->thread);
	s->is_other = thread_is(&s->other);
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	for (int n = 1; n < 32; n++)
		s->blocked += sigismember(&set, n) == 1;
	pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstacksize(&attr, &s->stack);
	pthread_attr_destroy(&attr);
	sem_post(&s->done);
}

static void
starts_with_its_name_its_stack_and_no_signals(void)
{
	struct seen s = { .blocked = 0 };
	sigset_t before, after;

	sem_init(&s.done, 0, 0);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	CU_ASSERT_EQUAL_FATAL(thread_start(&s.thread,
	    "a name that is too long", STACK, false, look, &s), 0);
	thread_join(&s.thread);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	CU_ASSERT(s.is_itself);
	CU_ASSERT_FALSE(s.is_other);
	CU_ASSERT_FALSE(thread_is(&s.thread));
	CU_ASSERT_STRING_EQUAL(s.name, "a name that is ");
	/* All but SIGKILL and SIGSTOP. */
	CU_ASSERT_EQUAL(s.blocked, 29);
	/* Sanitizers add to it; the default would be 8 MiB. */
	CU_ASSERT(s.stack >= STACK && s.stack <= 8 * STACK);
	/* The starter's own are as they were. */
	for (int n = 1; n < 32; n++)
		CU_ASSERT_EQUAL(sigismember(&before, n),
		    sigismember(&after, n));
	sem_destroy(&s.done);
}

static void
a_detached_one_is_not_joined(void)
{
	struct seen s = { .blocked = 0 };

	sem_init(&s.done, 0, 0);
	CU_ASSERT_EQUAL_FATAL(thread_start(&s.thread, "detached", STACK, true,
	    look, &s), 0);
	while (sem_wait(&s.done) != 0)
		continue;
	CU_ASSERT(s.is_itself);
	CU_ASSERT_STRING_EQUAL(s.name, "detached");
}

static void
the_caller_can_act_as_a_thread(void)
{
	struct thread one, two;

	thread_adopt(&one, "one");
	CU_ASSERT(thread_is(&one));
	thread_adopt(&two, "two");
	CU_ASSERT_FALSE(thread_is(&one));
	CU_ASSERT(thread_is(&two));
	CU_ASSERT_STRING_EQUAL(two.name, "two");
}

static CU_TestInfo tests[] = {
	{ "starts with its name, its stack, and no signals",
	    starts_with_its_name_its_stack_and_no_signals },
	{ "a detached one is not joined", a_detached_one_is_not_joined },
	{ "the caller can act as a thread", the_caller_can_act_as_a_thread },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "thread", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
