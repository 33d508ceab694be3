/* mailbox.h -- FIFO of mail addressed to one thread
 *
 * SPDX-License-Identifier: MIT
 *
 * The link of a piece of mail is inside it, so posting never allocates. The
 * owner takes everything that is there at once and works on it unlocked; it
 * is woken only if it sleeps. It sleeps on the condition variable, or, when
 * it sleeps in epoll, on an eventfd in the condition variable's place.
 *
 * Two kinds of mail share the box. Requests come from peers, so their number
 * is bounded: mailbox_post() refuses what is over the limit, and the refused
 * poster may leave a piece of mail that the owner sends back to it once there
 * is room. Everything else (answers, and the few pieces embedded in what both
 * sides know) is bounded by what embeds it and always accepted.
 *
 * Threads: post and wake from any; the rest from the owner.
 * Locks:   its own, rank LOCK_MAILBOX; none is held on return, and none
 *          across the eventfd's write.
 * Memory:  mail belongs to the box if posting succeeds, else still to the
 *          caller; taken mail belongs to the taker. */
#ifndef SYNC_MAILBOX_H
#define SYNC_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sync/lock.h"

struct mail {
	struct mail *next;
	unsigned     kind;	/* what it is, in the words of who takes it */
};

/* Pieces in order, gathered by one thread to be posted at once. */
struct mail_chain {
	struct mail  *first;
	struct mail **last;
};

struct mailbox {
	struct lock       lock;
	pthread_cond_t    awake;	/* unused with an eventfd */
	int               fd;		/* (c) eventfd, or -1 */
	struct mail_chain queue;	/* (l) */
	struct mail      *waiters;	/* (l) to go back once there is room */
	unsigned          limit;	/* (c) of requests; over it: refused */
	atomic_uint       requests;	/* (l); (a) to be looked at */
	uint64_t          refused;	/* (l) counter */
	bool              sleeping;	/* (l) */
};

static inline void
chain_init(struct mail_chain *c)
{
	c->first = NULL;
	c->last = &c->first;
}

static inline void
chain_add(struct mail_chain *c, struct mail *m)
{
	m->next = NULL;
	*c->last = m;
	c->last = &m->next;
}

/* For an owner that waits in mailbox_wait(). */
void mailbox_init(struct mailbox *, unsigned limit);
/* For an owner that sleeps in epoll, watching box->fd edge-triggered: 0, or
 * -EMFILE and the like. */
int mailbox_init_eventfd(struct mailbox *, unsigned limit);
/* The box must be empty. */
void mailbox_fini(struct mailbox *);

/* One request. False if the box is full: then waiter, unless NULL, is kept
 * and handed to the owner by the next mailbox_take(). Does not wake: the
 * poster calls mailbox_post_all() before it next sleeps, once for many. */
bool mailbox_post(struct mailbox *, struct mail *, struct mail *waiter);
/* How many requests more it would take just now. */
unsigned mailbox_places(const struct mailbox *);
/* As many requests as that, gathered, or none; wakes. The chain is empty
 * afterwards. The caller knows that the owner does not free the box in the
 * meantime. */
void mailbox_post_all(struct mailbox *, struct mail_chain *, unsigned count);
/* Mail that is always accepted; like mailbox_post() it does not wake, and
 * mailbox_post_all() is due, if only with an empty chain. */
void mailbox_add(struct mailbox *, struct mail *);
/* Mail that is always accepted; wakes. The chain is empty afterwards. */
void mailbox_send(struct mailbox *, struct mail *);
void mailbox_send_chain(struct mailbox *, struct mail_chain *);

/* All that is there, oldest first, without waiting; and the waiters. */
struct mail *mailbox_take(struct mailbox *, struct mail **waiters_r);
/* The same, but waits for at least one piece, or until clock_ms() is at
 * least `until` (UINT64_MAX: for ever); NULL then. */
struct mail *mailbox_wait(struct mailbox *, uint64_t until,
    struct mail **waiters_r);
/* True: the box is empty, and from now on its eventfd tells of mail.
 * False: there is mail, do not sleep. */
bool mailbox_may_sleep(struct mailbox *);
/* After the sleep: no need to poke the eventfd any more. */
void mailbox_rose(struct mailbox *);
uint64_t mailbox_refused(struct mailbox *);

#endif
