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

enum {
	EVENTS = 128,
	TICK_MS = 1000,
	LOGIN_LINES = 100,	/* that may come before a login */
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
	a->listeners = listeners;
	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	a->next_id = 1;
	list_init(&a->waiting);
	table_init(&a->claiming, conn_key);
	chain_init(&a->claims);
	if (rc < 0 || a->epoll < 0) {
		*why_r = strerror(rc < 0 ? -rc : errno);
		table_fini(&a->claiming);
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
	close(a->epoll);
	mailbox_fini(&a->box);
	free(a);
}

/* Not known to anybody else: closed here and now. */
static void
drop(struct acceptor *a, struct conn *c)
{
	acceptor_part(c->fd);
	list_remove(&c->by_time);
	if (c->claiming)
		table_remove(&a->claiming, &c->node);
	counter_add(&a->unauthenticated, (uint64_t)-1);
	atomic_fetch_sub(&a->net->connections, 1);
	addresses_leave(&a->net->addresses, &c->address);
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
	drop(a, c);
}

static void
answer(struct acceptor *a, struct conn *c, enum login what)
{
	/* A peer that does not take a few lines is none. */
	if (conn_flush(c) <= 0)
		acceptor_end(a, c, END_LOST);
	else if (what == LOGIN_END)
		acceptor_end(a, c, END_QUIT);
}

static struct io *
next_io(struct acceptor *a)
{
	struct net *net = a->net;

	a->next_io = (a->next_io + 1) % net->io_count;
	return net->ios[a->next_io];
}

/* Lines as long as it is ours, and to be read from. */
static enum login
take_lines(struct acceptor *a, struct conn *c, struct slice *rest,
    struct reserve **reserve_r)
{
	enum login what = LOGIN_MORE;
	struct slice line, id;
	int rc;

	while (what == LOGIN_MORE &&
	    (rc = conn_line(c, rest, &line, &id)) != 0) {
		if (rc < 0) {
			acceptor_refused(a, LIMIT_LINE);
			if (!c->greeted)
				c->end = END_STRANGER;
			conn_error(c, id, ERROR_TOO_LONG,
			    "a line has at most 4096 bytes");
			what = c->greeted ? LOGIN_MORE : LOGIN_END;
			continue;
		}
		if (++c->lines > LOGIN_LINES) {
			acceptor_refused(a, LIMIT_LINES);
			conn_error(c, (struct slice){ 0 }, ERROR_NEED_LOGIN,
			    error_help(ERROR_NEED_LOGIN));
			c->end = END_STRANGER;
			return LOGIN_END;
		}
		what = login_line(c, line, *rest, reserve_r);
	}
	return what;
}

/* It is still to log in. False: it cannot be watched, and was ended. */
static bool
watch(struct acceptor *a, struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP };

	ev.data.ptr = c;
	if (epoll_ctl(a->epoll, EPOLL_CTL_ADD, c->fd, &ev) == 0)
		return true;
	acceptor_end(a, c, END_LOST);
	return false;
}

static void
claim(struct acceptor *a, struct conn *c, struct reserve *r)
{
	c->claiming = true;
	table_add(&a->claiming, &c->node);
	r->back = &a->box;
	chain_add(&a->claims, &r->mail);
	a->claimed++;
}

static void
handed(struct acceptor *a, unsigned io)
{
	a->handed[io] = true;
	counter_add(&a->unauthenticated, (uint64_t)-1);
}

/* What was read, in a->buf. It is not watched: it may go to an io thread,
 * which watches it itself; and no other thread may find it in two places. */
static void
take_read(struct acceptor *a, struct conn *c, struct slice rest)
{
	struct link *before = c->by_time.prev;
	struct reserve *r;
	enum login what;
	unsigned io;

	list_remove(&c->by_time);
	c->contact.io = next_io(a)->index;
	io = c->contact.io;
	what = take_lines(a, c, &rest, &r);
	if (what == LOGIN_DONE) {
		handed(a, io);
		return;
	}
	list_append(before->next, &c->by_time);
	if (what == LOGIN_WAIT) {
		claim(a, c, r);
		return;
	}
	conn_keep(c, rest.at, rest.len);
	if (watch(a, c))
		answer(a, c, what);
}

static void
read_some(struct acceptor *a, struct conn *c, bool watched)
{
	struct reserve *none;
	struct slice rest;
	ssize_t n;

	if (c->in_len > 0)
		memcpy(a->buf, c->in, c->in_len);
	n = recv(c->fd, a->buf + c->in_len, sizeof(a->buf) - c->in_len,
	    MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (!watched)
			watch(a, c);
		return;
	}
	if (n <= 0) {
		acceptor_end(a, c, n == 0 ? END_EOF : END_LOST);
		return;
	}
	c->bytes_in += (uint64_t)n;
	rest = (struct slice){ a->buf, c->in_len + (size_t)n };
	/* Other protocols are told by their first bytes: some never send an
	 * end of line. */
	if (!c->greeted && (unsigned char)rest.at[0] != '\n' &&
	    (unsigned char)rest.at[0] != '\r' && ((unsigned char)rest.at[0]
	    < 0x20 || (unsigned char)rest.at[0] > 0x7f)) {
		login_line(c, (struct slice){ rest.at, 1 }, rest, &none);
		answer(a, c, LOGIN_END);
		return;
	}
	if (watched)
		epoll_ctl(a->epoll, EPOLL_CTL_DEL, c->fd, NULL);
	take_read(a, c, rest);
}

void
acceptor_begin(struct acceptor *a, struct conn *c)
{
	read_some(a, c, false);
}

/* The store's answer. Who has it may be gone. */
static void
take_reserved(struct acceptor *a, struct reserve *r)
{
	struct slice id = { (const char *)&r->conn, sizeof(r->conn) };
	struct table_node *n = table_find(&a->claiming, id);
	struct slice rest = { a->buf, 0 };
	struct link *before;
	struct conn *c;
	unsigned io;

	a->claimed--;
	if (n == NULL) {
		login_abandoned(a->net->registry, &r, a->now);
		return;
	}
	c = table_entry(n, struct conn, node);
	table_remove(&a->claiming, n);
	c->claiming = false;
	before = c->by_time.prev;
	list_remove(&c->by_time);
	io = c->contact.io;
	if (login_reserved(c, &r, a->now) == LOGIN_DONE) {
		handed(a, io);
		return;
	}
	list_append(before->next, &c->by_time);
	rest.len = c->in_len;
	if (rest.len > 0)
		memcpy(a->buf, c->in, rest.len);
	take_read(a, c, rest);
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
		acceptor_refused(a, LIMIT_LOGIN_TIMEOUT);
		conn_error(c, (struct slice){ 0 }, ERROR_NEED_LOGIN,
		    "nothing that logs in came in time");
		(void)conn_flush(c);
		acceptor_end(a, c, END_LOGIN_TIMEOUT);
	}
	if (a->now - a->ticked >= TICK_MS) {
		a->ticked = a->now;
		people_expire(a->net->registry, a->now);
	}
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
			take_reserved(a,
			    table_entry(m, struct reserve, mail));
			continue;
		}
		assert(m->kind == MAIL_ORDER);
		c = table_entry(m, struct closing, mail);
		acceptor_shut(a, c->local);
		free(c);
	}
}

static void
say_goodbye(struct acceptor *a)
{
	while (!list_empty(&a->waiting)) {
		struct conn *c =
		    list_entry(a->waiting.next, struct conn, by_time);

		conn_error(c, (struct slice){ 0 }, ERROR_SHUTTING_DOWN,
		    error_help(ERROR_SHUTTING_DOWN));
		(void)conn_flush(c);
		acceptor_end(a, c, END_STOPPED);
	}
}

static int
may_sleep_for(struct acceptor *a)
{
	if (!mailbox_may_sleep(&a->box))
		return 0;
	return a->paused_until > a->now ? (int)(a->paused_until - a->now) :
	    TICK_MS;
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
				read_some(a, at, true);
		}
		tick(a);
		take_mail(a);
		wake_ios(a);
		if (a->over)
			say_goodbye(a);
		if (a->claims.first != NULL)
			mailbox_send_chain(a->net->registry->store,
			    &a->claims);
	}
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
