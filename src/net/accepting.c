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
acceptor_refused(struct acceptor *a, enum limiter limit)
{
	counter_add(&a->refused[limit], 1);
}

void
acceptor_part(int fd)
{
	char sink[1024];

	shutdown(fd, SHUT_WR);
	while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		continue;
}

/* Over a limit: told which, and closed. */
static void
refuse(struct acceptor *a, int fd, const struct peer *peer,
    enum limiter limit, const char *text)
{
	char line[256], who[PEER_TEXT_MAX];
	int len = snprintf(line, sizeof(line), "@limit=%s ERR too-many %s\n",
	    limit_name(limit), text);

	acceptor_refused(a, limit);
	log_debug("%s is over %s", peer_text(peer, who), limit_name(limit));
	(void)send(fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	acceptor_part(fd);
	close(fd);
}

static void
take(struct acceptor *a, int fd, const struct peer *peer)
{
	struct net *net = a->net;
	struct address *address;
	enum limiter limit;
	struct conn *c;
	const char *why;

	counter_add(&a->accepted, 1);
	limit = gate_check(net, peer, counter_get(&a->unauthenticated),
	    &address, &why);
	if (limit != LIMIT_COUNT) {
		refuse(a, fd, peer, limit, why);
		return;
	}
	c = conn_new(net, fd, peer, a->next_id++, a->now);
	c->address = address;
	atomic_fetch_add(&net->connections, 1);
	counter_add(&a->unauthenticated, 1);
	list_append(&a->waiting, &c->by_time);
	arrival_read(a, c);
}

static void
pause_accepting(struct acceptor *a, int error)
{
	acceptor_refused(a, LIMIT_DESCRIPTORS);
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
