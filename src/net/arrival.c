/* arrival.c -- what comes in until a connection has logged in
 *
 * SPDX-License-Identifier: MIT
 *
 * In stages (conn->stage): from a proxy, whose it is; the first bytes say what
 * it is, then comes TLS if they are its, then lines. A stage that is over
 * leaves what it did not use to the next. */
#include <errno.h>
#include <inttypes.h>
#include <sys/epoll.h>

#include <sodium.h>

#include "base/log.h"
#include "net/accepting.h"
#include "net/accounting.h"
#include "net/exchange.h"
#include "net/io.h"
#include "net/login.h"
#include "proto/mail.h"

enum {
	LOGIN_LINES = 100,	/* that may come before a login */
	TLS_HANDSHAKE = 0x16	/* the first byte of TLS, and of nothing else */
};

/* More that it sends is told. False: it cannot be watched, and was ended. */
static bool
watch(struct acceptor *a, struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP };

	ev.data.ptr = c;
	c->watched = c->watched ||
	    epoll_ctl(a->epoll, EPOLL_CTL_ADD, c->fd, &ev) == 0;
	if (!c->watched)
		acceptor_end(a, c, END_LOST);
	return c->watched;
}

static void
unwatch(struct acceptor *a, struct conn *c)
{
	if (c->watched)
		epoll_ctl(a->epoll, EPOLL_CTL_DEL, c->fd, NULL);
	c->watched = false;
}

/* False: it was ended. */
static bool
answer(struct acceptor *a, struct conn *c, enum login what)
{
	bool ends = what == LOGIN_END;

	/* A peer that does not take a few lines is none. */
	if (conn_flush(c) <= 0)
		acceptor_end(a, c, END_LOST);
	else if (ends)
		acceptor_end(a, c, END_QUIT);
	else
		return true;
	return false;
}

static struct io *
next_io(struct acceptor *a)
{
	struct net *net = a->net;

	a->next_io = (a->next_io + 1) % net->stream_ios;
	return net->ios[a->next_io];
}

/* Lines as long as it is ours, and to be read from. */
static enum login
take_lines(struct acceptor *a, struct conn *c, struct slice *rest,
    struct mail **claim_r)
{
	enum login what = LOGIN_MORE;
	struct slice line, id;
	int rc;

	while (what == LOGIN_MORE &&
	    (rc = conn_line(c, rest, &line, &id)) != 0) {
		if (rc < 0) {
			acceptor_refused(a, LIMIT_LINE, &c->peer);
			if (!c->greeted)
				c->end = END_STRANGER;
			exchange_break(c);
			conn_error(c, id, ERROR_TOO_LONG,
			    "a line has at most 4096 bytes");
			what = c->greeted ? LOGIN_MORE : LOGIN_END;
			continue;
		}
		if (++c->lines > LOGIN_LINES) {
			acceptor_refused(a, LIMIT_LINES, &c->peer);
			conn_error(c, (struct slice){ 0 }, ERROR_NEED_LOGIN,
			    error_help(ERROR_NEED_LOGIN));
			c->end = END_STRANGER;
			return LOGIN_END;
		}
		what = login_line(c, line, *rest, claim_r);
	}
	return what;
}

static void
claim(struct acceptor *a, struct conn *c, struct mail *m)
{
	c->claiming = true;
	table_add(&a->claiming, &c->node);
	chain_add(&a->claims, m);
	a->claimed++;
}

void
arrival_handed(struct acceptor *a, unsigned io)
{
	a->handed[io] = true;
	counter_add(&a->unauthenticated, (uint64_t)-1);
}

static bool
take_input(struct acceptor *a, struct conn *c, struct slice rest)
{
	struct link *before = c->by_time.prev;
	struct mail *m;
	enum login what;
	unsigned io;

	list_remove(&c->by_time);
	c->contact.io = next_io(a)->index;
	io = c->contact.io;
	what = take_lines(a, c, &rest, &m);
	if (what == LOGIN_DONE) {
		arrival_handed(a, io);
		return false;
	}
	list_append(before->next, &c->by_time);
	if (what == LOGIN_WAIT) {
		claim(a, c, m);
		return false;
	}
	conn_keep(c, rest.at, rest.len);
	if (what != LOGIN_ASK)
		return watch(a, c) && answer(a, c, what);
	if (answer(a, c, what))
		asking_begin(a, c);
	return false;
}

/* Lines, in a->buf. It is not watched: it may go to an io thread, which watches
 * it itself; and no other thread may find it in two places. False: it is not to
 * be read from here, now or ever. Nothing of it stays: keys and passwords come
 * this way. */
static bool
take_read(struct acceptor *a, struct conn *c, struct slice rest)
{
	bool more = take_input(a, c, rest);

	sodium_memzero(a->buf + (rest.at - a->buf), rest.len);
	return more;
}

/* Reads once, behind what is kept. False: there is nothing for now, or it was
 * ended. */
static bool
receive(struct acceptor *a, struct conn *c, struct slice *read_r)
{
	ssize_t n;

	if (c->in_len > 0)
		memcpy(a->buf, c->in, c->in_len);
	n = conn_recv(c, a->buf + c->in_len, sizeof(a->buf) - c->in_len);
	if (n == -EAGAIN)
		watch(a, c);
	else if (n <= 0)
		acceptor_end(a, c, n == 0 ? END_EOF : END_LOST);
	if (n <= 0)
		return false;
	*read_r = (struct slice){ a->buf, c->in_len + (size_t)n };
	return true;
}

/* False: the handshake goes on, or has failed. */
static bool
shake(struct acceptor *a, struct conn *c)
{
	char peer[PEER_TEXT_MAX];
	const char *why;
	int rc = tls_handshake(c->tls, &why);

	if (rc == 0) {
		watch(a, c);
		return false;
	}
	if (rc < 0) {
		log_info("connection %" PRIu64 " %s: no TLS: %s",
		    c->contact.conn, peer_text(&c->peer, peer), why);
		acceptor_drop(a, c);
		return false;
	}
	c->stage = STAGE_LINES;
	return true;
}

/* False: there is nothing behind the header yet, or it was ended. */
static bool
hear_proxy(struct acceptor *a, struct conn *c, struct slice *rest)
{
	enum proxy said = acceptor_proxy(a, c, rest);
	bool more = said == PROXY_MORE;

	if (said == PROXY_BAD)
		return false;
	conn_keep(c, rest->at, more ? rest->len : 0);
	if (!more && rest->len > 0)
		return true;
	watch(a, c);
	return false;
}

/* What it is, by its first byte. For its certificate it is asked only where one
 * says who somebody is. */
static void
take_first(struct acceptor *a, struct conn *c, struct slice *rest)
{
	c->stage = STAGE_LINES;
	if (rest->at[0] != TLS_HANDSHAKE || a->net->tls == NULL ||
	    c->peer.local)
		return;
	c->tls = tls_new(a->net->tls, a->scratch, c->fd, *rest,
	    accounts_certified(a->net->registry));
	c->stage = STAGE_TLS;
	rest->len = 0;
}

/* Other protocols are told by their first bytes: some never send an end of
 * line. */
static bool
is_foreign(const struct conn *c, struct slice rest)
{
	unsigned char first = (unsigned char)rest.at[0];

	return !c->greeted && first != '\n' && first != '\r' &&
	    (first < 0x20 || first > 0x7f);
}

void
arrival_read(struct acceptor *a, struct conn *c)
{
	struct mail *none;
	struct slice rest;

	do {
		if (c->stage == STAGE_TLS && !shake(a, c))
			return;
		if (!receive(a, c, &rest))
			return;
		if (c->stage == STAGE_PROXY && !hear_proxy(a, c, &rest))
			return;
		if (c->stage == STAGE_FIRST)
			take_first(a, c, &rest);
		if (rest.len == 0)
			continue;
		if (is_foreign(c, rest)) {
			login_line(c, (struct slice){ rest.at, 1 }, rest,
			    &none);
			answer(a, c, LOGIN_END);
			return;
		}
		unwatch(a, c);
		if (!take_read(a, c, rest))
			return;
	} while (c->tls != NULL && tls_pending(c->tls));
}

void
arrival_resume(struct acceptor *a, struct conn *c)
{
	struct slice rest = { a->buf, c->in_len };

	if (rest.len > 0)
		memcpy(a->buf, c->in, rest.len);
	if (take_read(a, c, rest) && c->tls != NULL && tls_pending(c->tls))
		arrival_read(a, c);
}

/* NULL: it is gone. */
static struct conn *
unclaim(struct acceptor *a, uint64_t conn)
{
	struct slice id = { (const char *)&conn, sizeof(conn) };
	struct table_node *n = table_find(&a->claiming, id);
	struct conn *c;

	a->claimed--;
	if (n == NULL)
		return NULL;
	c = table_entry(n, struct conn, node);
	table_remove(&a->claiming, n);
	c->claiming = false;
	return c;
}

void
arrival_reserved(struct acceptor *a, struct reserve *r)
{
	struct conn *c = unclaim(a, r->conn);
	struct link *before;
	unsigned io;

	if (c == NULL) {
		login_abandoned(a->net->registry, &r, a->now);
		return;
	}
	before = c->by_time.prev;
	list_remove(&c->by_time);
	io = c->contact.io;
	if (login_reserved(c, &r, a->now) == LOGIN_DONE) {
		arrival_handed(a, io);
		return;
	}
	list_append(before->next, &c->by_time);
	arrival_resume(a, c);
}

void
arrival_registered(struct acceptor *a, struct account_order *o)
{
	struct conn *c = unclaim(a, o->conn);

	accounting_registered(c, &o);
	if (c != NULL)
		arrival_resume(a, c);
}
