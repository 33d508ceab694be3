/* acceptor.c -- the thread that owns connections until they have logged in
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/accepting.h"
#include "net/io.h"
#include "net/login.h"
#include "proto/mail.h"
#include "room/marks.h"

enum {
	EVENTS = 128,
	TICK_MS = 1000,
	ACCEPTOR_STACK = 256 * 1024
};

/* acceptor_close()'s, one after another. */
struct closing {
	struct mail mail;
	bool        local;
};

static struct slice
conn_key(const struct table_node *n)
{
	const struct conn *c = table_entry(n, struct conn, node);

	return (struct slice){ (const char *)&c->contact.conn,
		sizeof(c->contact.conn) };
}

struct acceptor *
acceptor_new(struct net *net, struct listeners *listeners,
    const char **why_r)
{
	struct acceptor *a = xcalloc(1, sizeof(*a));
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int rc = mailbox_init_eventfd(&a->box, 0);

	a->net = net;
	shed_init(&a->shedder);
	a->listeners = listeners;
	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	a->scratch = tls_scratch_new();
	list_init(&a->waiting);
	list_init(&a->held);
	list_init(&a->slowed);
	throttle_init(&a->throttle);
	table_init(&a->claiming, conn_key);
	chain_init(&a->claims);
	if (rc < 0 || a->epoll < 0) {
		*why_r = strerror(rc < 0 ? -rc : errno);
		table_fini(&a->claiming);
		throttle_fini(&a->throttle);
		tls_scratch_free(&a->scratch);
		free(a);
		return NULL;
	}
	ev.data.ptr = NULL;
	epoll_ctl(a->epoll, EPOLL_CTL_ADD, a->box.fd, &ev);
	acceptor_watch(a, true);
	return a;
}

void
acceptor_free(struct acceptor **at)
{
	struct acceptor *a = *at;

	*at = NULL;
	if (a == NULL)
		return;
	assert(list_empty(&a->waiting) && a->claimed == 0);
	table_fini(&a->claiming);
	throttle_fini(&a->throttle);
	close(a->epoll);
	mailbox_fini(&a->box);
	tls_scratch_free(&a->scratch);
	free(a);
}

void
acceptor_drop(struct acceptor *a, struct conn *c)
{
	if (c->tls != NULL)
		tls_end(c->tls);
	acceptor_part(c->fd);
	list_remove(&c->by_time);
	if (c->claiming)
		table_remove(&a->claiming, &c->node);
	if (c->auth != NULL && c->claiming && c->auth->held)
		a->held_count--;
	auth_free(&c->auth);
	counter_add(&a->unauthenticated, (uint64_t)-1);
	atomic_fetch_sub(&a->net->connections, 1);
	addresses_leave(&a->net->addresses, &c->address, a->now * 1000);
	conn_free(&c);
}

static void
log_end(const struct acceptor *a, const struct conn *c)
{
	char peer[PEER_TEXT_MAX];

	log_info("connection %" PRIu64 " %s: %s before login after %" PRIu64
	    " s, %" PRIu64 " bytes in, %" PRIu64 " out", c->contact.conn,
	    peer_text(&c->peer, peer), conn_end_name(c->end),
	    (a->now - c->since) / 1000, c->bytes_in, c->bytes_out);
}

void
acceptor_end(struct acceptor *a, struct conn *c, enum conn_end why)
{
	if (c->end == END_NONE)
		c->end = why;
	log_end(a, c);
	acceptor_drop(a, c);
}

static void
tick(struct acceptor *a)
{
	uint64_t most = (uint64_t)config_get(
	    &a->net->config->limits_login_timeout) * 1000;

	while (!list_empty(&a->waiting)) {
		struct conn *c =
		    list_entry(a->waiting.next, struct conn, by_time);

		if (a->now - c->since < most)
			break;
		acceptor_refused(a, LIMIT_LOGIN_TIMEOUT, &c->peer);
		conn_error(c, (struct slice){ 0 }, ERROR_NEED_LOGIN,
		    "nothing that logs in came in time");
		(void)conn_flush(c);
		acceptor_end(a, c, END_LOGIN_TIMEOUT);
	}
	asking_tick(a);
	if (a->now - a->ticked >= TICK_MS) {
		a->ticked = a->now;
		people_expire(a->net->registry, a->now);
		marks_save(a->net->registry, a->now);
	}
	shed_look(a);
	if (a->paused_until > 0 && a->now >= a->paused_until) {
		a->paused_until = 0;
		acceptor_watch(a, true);
	}
}

static void
take_mail(struct acceptor *a)
{
	struct mail *waiters, *next;
	struct mail *m = mailbox_take(&a->box, &waiters);

	for (; m != NULL; m = next) {
		struct closing *c;

		next = m->next;
		if (m->kind == MAIL_RESERVE) {
			arrival_reserved(a,
			    table_entry(m, struct reserve, mail));
			continue;
		}
		if (m->kind == MAIL_AUTH) {
			asking_answer(a, table_entry(m, struct auth, mail));
			continue;
		}
		if (m->kind == MAIL_ACCOUNT) {
			arrival_registered(a,
			    table_entry(m, struct account_order, mail));
			continue;
		}
		assert(m->kind == MAIL_ORDER);
		c = table_entry(m, struct closing, mail);
		acceptor_shut(a, c->local);
		free(c);
	}
}

static void
say_goodbye(struct acceptor *a, struct link *list)
{
	while (!list_empty(list)) {
		struct conn *c = list_entry(list->next, struct conn, by_time);

		conn_error(c, (struct slice){ 0 }, ERROR_SHUTTING_DOWN,
		    error_help(ERROR_SHUTTING_DOWN));
		(void)conn_flush(c);
		acceptor_end(a, c, END_STOPPED);
	}
}

static int
may_sleep_for(struct acceptor *a)
{
	uint64_t until = asking_next(a);

	if (until > a->now + TICK_MS)
		until = a->now + TICK_MS;
	if (until > shed_next(&a->shedder))
		until = shed_next(&a->shedder);
	if (!mailbox_may_sleep(&a->box))
		return 0;
	if (a->paused_until > a->now && a->paused_until < until)
		until = a->paused_until;
	return until > a->now ? (int)(until - a->now) : 0;
}

static bool
is_listener(const struct acceptor *a, const void *at)
{
	return (const struct listener *)at >= a->listeners->all &&
	    (const struct listener *)at < a->listeners->all + LISTENERS_MAX;
}

/* Once a pass: one that shares the acceptor's core may not begin with the first
 * login of many. */
static void
wake_ios(struct acceptor *a)
{
	for (unsigned i = 0; i < a->net->io_count; i++) {
		struct mail_chain none;

		chain_init(&none);
		if (a->handed[i])
			mailbox_post_all(&a->net->ios[i]->box, &none, 0);
		a->handed[i] = false;
	}
}

static void
run(void *arg)
{
	struct acceptor *a = arg;
	struct epoll_event events[EVENTS];

	a->now = clock_ms();
	shed_look(a);
	while (!a->over || a->claimed > 0) {
		int n = epoll_wait(a->epoll, events, EVENTS,
		    may_sleep_for(a));

		assert(n >= 0 || errno == EINTR);
		mailbox_rose(&a->box);
		a->now = clock_ms();
		for (int i = 0; i < n; i++) {
			void *at = events[i].data.ptr;

			if (at == NULL)
				continue;
			if (is_listener(a, at))
				acceptor_take(a, at);
			else
				arrival_read(a, at);
		}
		tick(a);
		take_mail(a);
		wake_ios(a);
		if (a->over) {
			say_goodbye(a, &a->waiting);
			say_goodbye(a, &a->held);
			say_goodbye(a, &a->slowed);
		}
		if (a->claims.first != NULL)
			mailbox_send_chain(a->net->registry->store,
			    &a->claims);
	}
}

void
acceptor_limited(struct conn *c, struct slice id, enum limiter limit,
    uint64_t wait, const char *text)
{
	struct blob *b = NULL;

	acceptor_refused(c->net->acceptor, limit, &c->peer);
	reply_error(&b, id, ERROR_TOO_MANY, wait, limit_name(limit), text);
	conn_put(c, b);
}

struct mailbox *
acceptor_box(struct acceptor *a)
{
	return &a->box;
}

int
acceptor_start(struct acceptor *a)
{
	return thread_start(&a->thread, "acceptor", ACCEPTOR_STACK, false,
	    run, a);
}

void
acceptor_close(struct acceptor *a, bool local)
{
	struct closing *c = xcalloc(1, sizeof(*c));

	c->mail.kind = MAIL_ORDER;
	c->local = local;
	mailbox_send(&a->box, &c->mail);
}

void
acceptor_join(struct acceptor *a)
{
	thread_join(&a->thread);
}

void
acceptor_counts(const struct acceptor *a, struct acceptor_counts *counts_r)
{
	counts_r->accepted = counter_get(&a->accepted);
	counts_r->unauthenticated = counter_get(&a->unauthenticated);
	for (unsigned i = 0; i < LIMIT_COUNT; i++)
		counts_r->refused[i] = counter_get(&a->refused[i]);
}
