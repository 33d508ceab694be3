/* mailbox.c -- FIFO of mail addressed to one thread
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "sync/mailbox.h"

void
mailbox_init(struct mailbox *b, unsigned limit)
{
	pthread_condattr_t attr;

	lock_init(&b->lock, LOCK_MAILBOX);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->awake, &attr);
	pthread_condattr_destroy(&attr);
	b->fd = -1;
	chain_init(&b->queue);
	b->waiters = NULL;
	b->limit = limit;
	atomic_init(&b->requests, 0);
	b->refused = 0;
	b->sleeping = false;
}

int
mailbox_init_eventfd(struct mailbox *b, unsigned limit)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	mailbox_init(b, limit);
	b->fd = fd;
	return 0;
}

void
mailbox_fini(struct mailbox *b)
{
	assert(b->queue.first == NULL);
	if (b->fd >= 0)
		close(b->fd);
	pthread_cond_destroy(&b->awake);
	lock_fini(&b->lock);
}

/* Under the lock: is it for the caller to wake the owner? The condition
 * variable is signalled at once, since the owner may free the box as soon as
 * the lock is dropped; an eventfd's owner outlives its posters, so that its
 * write, a system call, waits until then. */
static bool
wake_locked(struct mailbox *b)
{
	if (!b->sleeping)
		return false;
	b->sleeping = false;
	if (b->fd >= 0)
		return true;
	pthread_cond_signal(&b->awake);
	return false;
}

/* As wake_locked(), by a poster who knows that the box will stay: the owner,
 * woken by a signal under the lock, would run into it and sleep again. */
static bool
rouse_locked(struct mailbox *b)
{
	bool slept = b->sleeping;

	b->sleeping = false;
	return slept;
}

static void
poke(const struct mailbox *b)
{
	uint64_t one = 1;
	ssize_t n = write(b->fd, &one, sizeof(one));

	/* A counter that is full wakes as well as one that rises. */
	assert(n == sizeof(one) || errno == EAGAIN);
}

static unsigned
requests(const struct mailbox *b)
{
	return atomic_load_explicit(&b->requests, memory_order_relaxed);
}

static void
set_requests(struct mailbox *b, unsigned n)
{
	atomic_store_explicit(&b->requests, n, memory_order_relaxed);
}

bool
mailbox_post(struct mailbox *b, struct mail *m, struct mail *waiter)
{
	bool room;

	lock_take(&b->lock);
	room = requests(b) < b->limit;
	if (room) {
		set_requests(b, requests(b) + 1);
		chain_add(&b->queue, m);
	} else {
		b->refused++;
		if (waiter != NULL) {
			waiter->next = b->waiters;
			b->waiters = waiter;
		}
	}
	lock_drop(&b->lock);
	return room;
}

unsigned
mailbox_places(const struct mailbox *b)
{
	unsigned n = requests(b);

	return n < b->limit ? b->limit - n : 0;
}

void
mailbox_post_all(struct mailbox *b, struct mail_chain *c, unsigned count)
{
	bool out;

	lock_take(&b->lock);
	if (c->first != NULL) {
		*b->queue.last = c->first;
		b->queue.last = c->last;
		set_requests(b, requests(b) + count);
	}
	out = b->queue.first != NULL && rouse_locked(b);
	lock_drop(&b->lock);
	chain_init(c);
	if (out && b->fd >= 0)
		poke(b);
	else if (out)
		pthread_cond_signal(&b->awake);
}

void
mailbox_add(struct mailbox *b, struct mail *m)
{
	lock_take(&b->lock);
	chain_add(&b->queue, m);
	lock_drop(&b->lock);
}

void
mailbox_send(struct mailbox *b, struct mail *m)
{
	bool out;

	lock_take(&b->lock);
	chain_add(&b->queue, m);
	out = wake_locked(b);
	lock_drop(&b->lock);
	if (out)
		poke(b);
}

void
mailbox_send_chain(struct mailbox *b, struct mail_chain *c)
{
	bool out;

	if (c->first == NULL)
		return;
	lock_take(&b->lock);
	*b->queue.last = c->first;
	b->queue.last = c->last;
	out = wake_locked(b);
	lock_drop(&b->lock);
	chain_init(c);
	if (out)
		poke(b);
}

static struct mail *
take_locked(struct mailbox *b, struct mail **waiters_r)
{
	struct mail *all = b->queue.first;

	chain_init(&b->queue);
	set_requests(b, 0);
	*waiters_r = b->waiters;
	b->waiters = NULL;
	return all;
}

struct mail *
mailbox_take(struct mailbox *b, struct mail **waiters_r)
{
	struct mail *all;

	lock_take(&b->lock);
	all = take_locked(b, waiters_r);
	lock_drop(&b->lock);
	return all;
}

struct mail *
mailbox_wait(struct mailbox *b, uint64_t until, struct mail **waiters_r)
{
	struct timespec end = { .tv_sec = (time_t)(until / 1000),
		.tv_nsec = (long)(until % 1000) * 1000000 };
	struct mail *all;
	int rc = 0;

	lock_take(&b->lock);
	while (b->queue.first == NULL && rc != ETIMEDOUT) {
		b->sleeping = true;
		if (until == UINT64_MAX)
			rc = pthread_cond_wait(&b->awake, &b->lock.mutex);
		else
			rc = pthread_cond_timedwait(&b->awake,
			    &b->lock.mutex, &end);
	}
	b->sleeping = false;
	all = take_locked(b, waiters_r);
	lock_drop(&b->lock);
	return all;
}

bool
mailbox_may_sleep(struct mailbox *b)
{
	bool may;

	lock_take(&b->lock);
	may = b->queue.first == NULL;
	b->sleeping = may;
	lock_drop(&b->lock);
	return may;
}

void
mailbox_rose(struct mailbox *b)
{
	lock_take(&b->lock);
	b->sleeping = false;
	lock_drop(&b->lock);
}

uint64_t
mailbox_refused(struct mailbox *b)
{
	uint64_t n;

	lock_take(&b->lock);
	n = b->refused;
	lock_drop(&b->lock);
	return n;
}
