/* auth.c -- the threads that look at passwords and their proofs
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodium.h>

#include "account/auth.h"
#include "base/alloc.h"
#include "base/log.h"
#include "proto/mail.h"
#include "room/registry.h"
#include "sync/thread.h"

enum { AUTH_STACK = 256 * 1024, AUTH_NICE = 10 };

struct worker {
	struct thread  thread;		/* (c) */
	struct mailbox box;		/* (s) bounded by the connections that
					 * have not logged in */
	struct mail    stop;		/* MAIL_ORDER, once */
	bool           started;		/* (o) main */
};

struct auths {
	struct sasl_server *server;	/* (c) */
	unsigned            count;	/* (c) */
	struct worker       workers[AUTH_THREADS];
};

static bool
by_key(void *arg, struct slice key, struct account_facts *facts_r)
{
	return accounts_get(arg, key, facts_r);
}

static bool
by_certificate(void *arg, const unsigned char fingerprint[FINGERPRINT],
    struct account_facts *facts_r)
{
	return accounts_by_certificate(arg, fingerprint, facts_r);
}

struct auth *
auth_new(const struct auths *all, uint64_t conn, enum sasl_mechanism m,
    const struct sasl_peer *peer, struct slice id)
{
	struct auth *a = xcalloc(1, sizeof(*a));

	a->mail.kind = MAIL_AUTH;
	a->conn = conn;
	a->sasl = sasl_new(all->server, m, peer);
	if (id.len > 0)
		blob_add(&a->id, id);
	return a;
}

void
auth_free(struct auth **at)
{
	struct auth *a = *at;

	*at = NULL;
	if (a == NULL)
		return;
	password_free(&a->in);
	blob_unref(&a->out);
	blob_unref(&a->id);
	sasl_free(&a->sasl);
	free(a);
}

void
auth_put(struct auth *a, struct slice word)
{
	password_free(&a->in);
	a->in = xmemdup(word.at, word.len);
}

struct auths *
auths_new(struct registry *registry,
    const unsigned char secret[SERVER_SECRET], unsigned threads)
{
	struct auths *all = xcalloc(1, sizeof(*all));
	struct sasl_accounts accounts = { by_key, by_certificate, registry };

	assert(threads >= 1 && threads <= AUTH_THREADS);
	for (unsigned i = 0; i < threads; i++)
		mailbox_init(&all->workers[i].box, 0);
	all->count = threads;
	all->server = sasl_server_new(registry->names, &accounts,
	    &registry->config->accounts_iterations, secret);
	if (all->server == NULL)
		auths_free(&all);
	return all;
}

void
auths_free(struct auths **at)
{
	struct auths *all = *at;

	*at = NULL;
	if (all == NULL)
		return;
	for (unsigned i = 0; i < all->count; i++)
		mailbox_fini(&all->workers[i].box);
	sasl_server_free(&all->server);
	free(all);
}

static void
work(struct auth *a)
{
	blob_unref(&a->out);
	a->result = sasl_step(a->sasl, slice_of(a->in != NULL ? a->in : ""),
	    &a->out);
	password_free(&a->in);
	mailbox_send(a->back, &a->mail);
}

static void
run(void *arg)
{
	struct worker *w = arg;
	bool over = false;

	if (setpriority(PRIO_PROCESS, (id_t)gettid(), AUTH_NICE) < 0)
		log_warn("cannot be nice: %s", strerror(errno));
	while (!over) {
		struct mail *waiters, *next;
		struct mail *m = mailbox_wait(&w->box, UINT64_MAX, &waiters);

		for (; m != NULL; m = next) {
			next = m->next;
			if (m == &w->stop) {
				over = true;
				continue;
			}
			assert(m->kind == MAIL_AUTH);
			work(table_entry(m, struct auth, mail));
		}
	}
}

int
auths_start(struct auths *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		struct worker *w = &all->workers[i];
		char name[16];
		int rc;

		snprintf(name, sizeof(name), "auth %u", i);
		rc = thread_start(&w->thread, name, AUTH_STACK, false, run, w);
		if (rc < 0)
			return rc;
		w->started = true;
	}
	return 0;
}

void
auths_stop(struct auths *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		struct worker *w = &all->workers[i];

		if (!w->started)
			continue;
		w->stop.kind = MAIL_ORDER;
		mailbox_send(&w->box, &w->stop);
		thread_join(&w->thread);
	}
}

void
auths_ask(struct auths *all, struct auth *a)
{
	mailbox_send(&all->workers[a->conn % all->count].box, &a->mail);
}
