/* accepting.c -- connections as they come: counted, refused, or taken in
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "net/accepting.h"
#include "net/gate.h"

enum {
	ACCEPTS = 64,		/* a turn, then the others are looked at */
	PAUSE_MS = 100,		/* without descriptors */
	LOG_PAUSE_MS = 1000
};

void
acceptor_watch(struct acceptor *a, bool on)
{
	for (unsigned i = 0; i < a->listeners->count; i++) {
		struct listener *l = &a->listeners->all[i];
		struct epoll_event ev = { .events = EPOLLIN };

		ev.data.ptr = l;
		epoll_ctl(a->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
		    l->fd, &ev);
	}
}

void
acceptor_refused(struct acceptor *a, enum limiter limit,
    const struct peer *peer)
{
	counter_add(&a->refused[limit], 1);
	refusals_tell(&a->net->refusals, limit, (struct slice){ 0 }, peer,
	    a->now);
}

void
acceptor_part(int fd)
{
	char sink[1024];

	shutdown(fd, SHUT_WR);
	while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		continue;
}

/* Told why, and closed. */
static void
refuse(struct acceptor *a, int fd, const struct peer *peer,
    struct refusal *r)
{
	struct blob *line = NULL;

	acceptor_refused(a, r->limit, peer);
	gate_refusal(r, &line);
	(void)send(fd, line->data, line->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	blob_unref(&line);
	acceptor_part(fd);
	close(fd);
}

static void
take(struct acceptor *a, int fd, const struct peer *peer)
{
	struct net *net = a->net;
	bool proxy = gate_is_proxy(net, peer);
	struct address *address = NULL;
	struct refusal r;
	struct conn *c;

	counter_add(&a->accepted, 1);
	if (!gate_open(net, counter_get(&a->unauthenticated),
	    atomic_load(&net->memory_full) && !peer->local, &r) ||
	    (!proxy && !gate_address(net, peer, false, a->now, &address,
	    &r))) {
		refuse(a, fd, peer, &r);
		return;
	}
	c = conn_new(net, fd, peer, net_new_conn(net), a->now);
	c->address = address;
	c->peer.proxied = proxy;
	c->stage = proxy ? STAGE_PROXY : STAGE_FIRST;
	atomic_fetch_add(&net->connections, 1);
	counter_add(&a->unauthenticated, 1);
	list_append(&a->waiting, &c->by_time);
	arrival_read(a, c);
}

static void
end_told(struct acceptor *a, struct conn *c, enum conn_end why)
{
	(void)conn_flush(c);
	acceptor_end(a, c, why);
}

/* From now on it is whose the proxy says. */
static bool
take_proxied(struct acceptor *a, struct conn *c, bool own,
    const struct proxy_source *source)
{
	struct blob *line = NULL;
	struct refusal r;

	c->stage = STAGE_FIRST;
	if (!own) {
		c->peer.ip = source->ip;
		c->peer.port = source->port;
	}
	if (gate_address(a->net, &c->peer, own, a->now, &c->address, &r))
		return true;
	acceptor_refused(a, r.limit, &c->peer);
	gate_refusal(&r, &line);
	conn_put(c, line);
	end_told(a, c, END_REFUSED);
	return false;
}

enum proxy
acceptor_proxy(struct acceptor *a, struct conn *c, struct slice *rest)
{
	struct proxy_source source;
	enum proxy said;
	size_t len;

	said = proxy_parse(*rest, &source, &len);
	if (said == PROXY_BAD) {
		conn_error(c, (struct slice){ 0 }, ERROR_BAD_LINE,
		    "a PROXY header was expected");
		end_told(a, c, END_STRANGER);
	}
	if (said == PROXY_BAD || said == PROXY_MORE)
		return said;
	rest->at += len;
	rest->len -= len;
	return take_proxied(a, c, said == PROXY_OWN, &source) ? said :
	    PROXY_BAD;
}

static void
pause_accepting(struct acceptor *a, int error)
{
	counter_add(&a->refused[LIMIT_DESCRIPTORS], 1);
	if (a->logged == 0 || a->now - a->logged >= LOG_PAUSE_MS) {
		log_warn("cannot accept for now: %s", strerror(error));
		a->logged = a->now;
	}
	a->paused_until = a->now + PAUSE_MS;
	acceptor_watch(a, false);
}

void
acceptor_take(struct acceptor *a, struct listener *l)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof(from);
		struct peer peer;
		int fd = accept4(l->fd, (struct sockaddr *)&from, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			if (l->local)
				from.ss_family = AF_UNIX;
			peer_set(&peer, &from);
			take(a, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			pause_accepting(a, errno);
		/* What went wrong with one that is gone already is not the
		 * next one's matter. */
		if (errno != ECONNABORTED && errno != EINTR &&
		    errno != EPROTO)
			return;
	}
}

void
acceptor_shut(struct acceptor *a, bool local)
{
	struct listeners *l = a->listeners;
	unsigned kept = 0;

	if (a->paused_until == 0)
		acceptor_watch(a, false);
	for (unsigned i = 0; i < l->count; i++) {
		if (l->all[i].local && !local)
			l->all[kept++] = l->all[i];
		else
			close(l->all[i].fd);
	}
	l->count = kept;
	if (a->paused_until == 0)
		acceptor_watch(a, true);
	if (local)
		a->over = true;
}
