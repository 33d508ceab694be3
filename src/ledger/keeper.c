/* keeper.c -- the thread that looks after what was written
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/erase.h"
#include "ledger/retain.h"
#include "ledger/settle.h"
#include "proto/mail.h"

enum {
	KEEPER_STACK = 256 * 1024,
	RAISE_EVERY = 1000,		/* ms */
	RETAIN_EVERY = 60 * 1000,
	ERASE_TOGETHER = 64,		/* in one reading */
	SUM_MOST = 64 * 1024 * 1024	/* bytes in one round */
};

/* A reference is held on each ledger that is listed. */
struct keeper {
	struct vault     *vault;	/* (c) */
	struct mailbox    box;		/* (s) */
	struct thread     thread;
	struct mail       stop;		/* from main */
	bool              running;	/* main's: it was started */
	bool              stopping;	/* (o) */
	atomic_bool       hurry;	/* (a) */
	uint64_t          give_up_at;	/* (o) clock_ms(); 0: not at all */
	struct link       dirty;	/* (o) to be settled */
	struct link       kept;		/* (o) others, with a bound */
	struct mail_chain erasures;	/* (o) waiting */
	struct eraser    *eraser;	/* (o) under way, or NULL */
	uint64_t          raise_at;	/* (o) clock_ms() when it is due */
	uint64_t          settle_at;
	uint64_t          retain_at;
	bool              raise_told;	/* (o) that it fails is logged */
	bool              settle_told;
	bool              retain_told;
};

struct keeper *
keeper_new(struct vault *v)
{
	struct keeper *k = xcalloc(1, sizeof(*k));

	k->vault = v;
	/* What comes is bounded by what embeds it. */
	mailbox_init(&k->box, UINT32_MAX);
	list_init(&k->dirty);
	list_init(&k->kept);
	chain_init(&k->erasures);
	v->keeper = &k->box;
	return k;
}

static void
take_dirty(struct keeper *k, struct ledger *l)
{
	if (list_empty(&l->in_keeper)) {
		list_append(&k->dirty, &l->in_keeper);
		return;
	}
	list_remove(&l->in_keeper);
	list_append(&k->dirty, &l->in_keeper);
	ledger_unref(&l);
}

static void
sync_now(struct keeper *k, struct ledger *l)
{
	struct settling g = { .told = k->settle_told };

	/* What is appended from now on is asked for anew. */
	atomic_store(&l->asked, false);
	settle_sync(l, &g);
	k->settle_told = g.told;
	ledger_unref(&l);
}

static void
take_mail(struct keeper *k, struct mail *all)
{
	struct mail *next;

	for (struct mail *m = all; m != NULL; m = next) {
		next = m->next;
		switch (m->kind) {
		case MAIL_DIRTY:
			take_dirty(k, list_entry(m, struct ledger, dirty));
			break;
		case MAIL_FULL:
			sync_now(k, list_entry(m, struct ledger, sync));
			break;
		case MAIL_ERASE:
			chain_add(&k->erasures, m);
			break;
		case MAIL_ORDER:
			k->stopping = true;
			break;
		default:
			abort();
		}
	}
}

static void
raise_ceiling(struct keeper *k, uint64_t wall)
{
	int rc = vault_raise(k->vault, wall);

	if (rc < 0 && !k->raise_told)
		log_warn("ceiling: cannot be raised: %s; rooms will take "
		    "nothing more when they reach it", strerror(-rc));
	k->raise_told = rc < 0;
}

/* It needs nothing for now: it is looked at for its bound, or let go. */
static void
put_away(struct keeper *k, struct ledger *l)
{
	list_remove(&l->in_keeper);
	if (retain_bounded(l))
		list_append(&k->kept, &l->in_keeper);
	else
		ledger_unref(&l);
}

/* All are synced before any sums are written, since those can wait. Returns
 * whether there is more to do at once. */
static bool
settle(struct keeper *k, bool all)
{
	struct settling g = { .bytes = all ? UINT64_MAX : SUM_MOST,
		.told = k->settle_told };
	struct link *at, *next;
	struct ledger *l;

	for (at = k->dirty.next; at != &k->dirty; at = at->next) {
		l = list_entry(at, struct ledger, in_keeper);
		/* What is written from now on is told anew. */
		atomic_exchange(&l->told, false);
		settle_sync(l, &g);
	}
	for (at = k->dirty.next; at != &k->dirty; at = next) {
		next = at->next;
		l = list_entry(at, struct ledger, in_keeper);
		settle_sum(l, &g);
		if (!settle_due(l))
			put_away(k, l);
	}
	k->settle_told = g.failed;
	return g.bytes == 0;
}

static void
retain_list(struct keeper *k, struct link *list, uint64_t wall, bool *failed)
{
	for (struct link *at = list->next; at != list; at = at->next)
		if (retain(list_entry(at, struct ledger, in_keeper), wall,
		    k->retain_told || *failed) < 0)
			*failed = true;
}

static void
retain_all(struct keeper *k, uint64_t wall)
{
	struct link *at, *next;
	struct ledger *l;
	bool failed = false;

	retain_list(k, &k->dirty, wall, &failed);
	retain_list(k, &k->kept, wall, &failed);
	for (at = k->kept.next; at != &k->kept; at = next) {
		next = at->next;
		l = list_entry(at, struct ledger, in_keeper);
		if (!retain_bounded(l))
			put_away(k, l);
	}
	k->retain_told = failed;
}

/* The oldest erasure that waits, and others of its ledger. */
static void
begin_erasing(struct keeper *k)
{
	struct mail *m = k->erasures.first, *next;
	struct mail_chain taken, rest;
	struct ledger *l;
	unsigned count = 0;

	l = list_entry(m, struct erasure, mail)->ledger;
	chain_init(&taken);
	chain_init(&rest);
	for (; m != NULL; m = next) {
		next = m->next;
		if (list_entry(m, struct erasure, mail)->ledger == l &&
		    count < ERASE_TOGETHER) {
			chain_add(&taken, m);
			count++;
		} else {
			chain_add(&rest, m);
		}
	}
	chain_init(&k->erasures);
	for (m = rest.first; m != NULL; m = next) {
		next = m->next;
		chain_add(&k->erasures, m);
	}
	k->eraser = eraser_new(&taken);
}

static bool
erasing(const struct keeper *k)
{
	return k->eraser != NULL || k->erasures.first != NULL;
}

static void
erase_step(struct keeper *k, uint64_t now)
{
	if (!erasing(k))
		return;
	if (k->eraser == NULL)
		begin_erasing(k);
	if (atomic_load(&k->hurry) && k->give_up_at == 0)
		k->give_up_at = now + KEEPER_PATIENCE;
	if (k->give_up_at > 0 && now >= k->give_up_at)
		eraser_give_up(k->eraser);
	else if (eraser_step(k->eraser))
		return;
	eraser_free(&k->eraser);
}

void
keeper_round(struct keeper *k, uint64_t now, uint64_t wall, bool all)
{
	const struct config *c = k->vault->config;
	struct mail *waiters;

	take_mail(k, mailbox_take(&k->box, &waiters));
	if (all || now >= k->raise_at) {
		k->raise_at = now + RAISE_EVERY;
		raise_ceiling(k, wall);
	}
	if (all || now >= k->settle_at) {
		k->settle_at = settle(k, all) ? now + 1 : now +
		    (uint64_t)config_get(&c->storage_interval) * 1000;
	}
	if (all || now >= k->retain_at) {
		k->retain_at = now + RETAIN_EVERY;
		retain_all(k, wall);
	}
	do
		erase_step(k, now);
	while (all && erasing(k));
}

static void
run(void *arg)
{
	struct keeper *k = arg;
	struct mail *waiters;
	uint64_t until;

	while (!k->stopping) {
		until = k->raise_at < k->settle_at ? k->raise_at : k->settle_at;
		take_mail(k, mailbox_wait(&k->box, erasing(k) ? 0 : until,
		    &waiters));
		keeper_round(k, clock_ms(), clock_wall_ms(), k->stopping);
	}
}

int
keeper_start(struct keeper *k)
{
	int rc = thread_start(&k->thread, "keeper", KEEPER_STACK, false, run,
	    k);

	k->running = rc == 0;
	return rc;
}

void
keeper_hurry(struct keeper *k)
{
	atomic_store(&k->hurry, true);
}

void
keeper_stop(struct keeper *k)
{
	if (!k->running)
		return;
	k->stop.kind = MAIL_ORDER;
	mailbox_send(&k->box, &k->stop);
	thread_join(&k->thread);
	k->running = false;
}

static void
let_go(struct link *list)
{
	struct ledger *l;

	while (!list_empty(list)) {
		l = list_entry(list->next, struct ledger, in_keeper);
		list_remove(&l->in_keeper);
		ledger_unref(&l);
	}
}

void
keeper_free(struct keeper **kp)
{
	struct keeper *k = *kp;
	struct mail *waiters;

	if (k == NULL)
		return;
	*kp = NULL;
	take_mail(k, mailbox_take(&k->box, &waiters));
	let_go(&k->dirty);
	let_go(&k->kept);
	eraser_free(&k->eraser);
	k->vault->keeper = NULL;
	mailbox_fini(&k->box);
	free(k);
}
