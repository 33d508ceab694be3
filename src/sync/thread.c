/* thread.c -- the one way a thread starts
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "sync/thread.h"

static _Thread_local const struct thread *self;

static void *
begin(void *arg)
{
	struct thread *t = arg;

	self = t;
	pthread_setname_np(pthread_self(), t->name);
	log_thread(t->name);
	t->run(t->arg);
	return NULL;
}

int
thread_start(struct thread *t, const char *name, size_t stack,
    bool detached, void (*run)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int rc;

	snprintf(t->name, sizeof(t->name), "%s", name);
	t->run = run;
	t->arg = arg;
	rc = pthread_attr_init(&attr);
	assert(rc == 0);
	rc = pthread_attr_setstacksize(&attr, stack);
	assert(rc == 0);
	if (detached)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&t->id, &attr, begin, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -rc;
}

void
thread_join(struct thread *t)
{
	int rc = pthread_join(t->id, NULL);

	assert(rc == 0);
}

bool
thread_is(const struct thread *t)
{
	return self == t;
}

void
thread_adopt(struct thread *t, const char *name)
{
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->id = pthread_self();
	self = t;
	log_thread(t->name);
}
