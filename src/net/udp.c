/* udp.c -- the udp thread: its sessions and their time
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/alloc.h"
#include "base/log.h"
#include "net/udp_parts.h"

static struct slice
session_key(const struct table_node *n)
{
	const struct udp_session *s =
	    table_entry(n, const struct udp_session, node);

	return (struct slice){ (const char *)s->datagram.session,
		sizeof(s->datagram.session) };
}

/* Every datagram that has left makes a socket one that takes more, which is
 * only asked for while something waits for it. */
bool
udp_watch(struct io *io, struct udp_socket *s, int how, bool full)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET |
	    (full ? (uint32_t)EPOLLOUT : 0) };

	ev.data.ptr = s;
	s->full = full;
	return epoll_ctl(io->epoll, how, s->fd, &ev) == 0;
}

struct udp *
udp_new(struct io *io, struct udp_sockets *sockets, const char **why_r)
{
	struct udp *u = xcalloc(1, sizeof(*u));

	u->sockets = sockets;
	discovery_init(&u->discovery,
	    config_get(&io->net->config->udp_lan) != 0);
	table_init(&u->sessions, session_key);
	list_init(&u->blocked);
	for (unsigned i = 0; i < UDP_PAUSES; i++)
		list_init(&u->reminders[i]);
	for (unsigned i = 0; i < UDP_SLOTS; i++)
		u->slots[i] = xcalloc(1, sizeof(*u->slots[i]));
	for (unsigned i = 0; i < sockets->count; i++) {
		if (udp_watch(io, &sockets->all[i], EPOLL_CTL_ADD, false))
			continue;
		*why_r = strerror(errno);
		udp_free(&u);
		return NULL;
	}
	return u;
}

void
udp_free(struct udp **at)
{
	struct udp *u = *at;

	*at = NULL;
	if (u == NULL)
		return;
	for (unsigned i = 0; i < UDP_SLOTS; i++)
		free(u->slots[i]);
	table_fini(&u->sessions);
	free(u);
}

int
udp_fd(const struct udp *u)
{
	return u->sockets->all[0].fd;
}

uint64_t
udp_counter(const struct udp *u, enum udp_count which)
{
	return u == NULL ? 0 : counter_get(&u->counts[which]);
}

void
udp_add(struct udp *u, enum udp_count which, uint64_t more)
{
	counter_add(&u->counts[which], more);
}

struct udp_session *
udp_session_new(struct conn *c, uint64_t asker, const unsigned char *session,
    const unsigned char *key)
{
	struct udp_session *s = xcalloc(1, sizeof(*s));

	datagram_init(&s->datagram, DATAGRAM_SERVER, session, key);
	s->conn = c;
	s->asker = asker;
	list_init(&s->farewells);
	udp_pace_init(s);
	return s;
}

void
udp_begin(struct io *io, struct conn *c)
{
	struct slice who = person_name(c->contact.person);
	struct udp_session *s = c->udp;
	char peer[PEER_TEXT_MAX];

	s->io = io;
	table_add(&io->udp->sessions, &s->node);
	udp_add(io->udp, UDP_SESSIONS, 1);
	log_info("connection %" PRIu64 " %.*s %s: datagrams, asked for by "
	    "connection %" PRIu64, c->contact.conn, (int)who.len, who.at,
	    peer_ip(&c->peer, peer), s->asker);
}

void
udp_end(struct conn *c)
{
	struct udp_session *s = c->udp;

	c->udp = NULL;
	if (s->io != NULL) {
		udp_seal(s);
		table_remove(&s->io->udp->sessions, &s->node);
		udp_add(s->io->udp, UDP_SESSIONS, (uint64_t)-1);
	}
	list_remove(&s->blocked);
	remind_close(s);
	datagram_fini(&s->datagram);
	free(s);
}

static uint64_t
patience(const struct io *io)
{
	return (uint64_t)config_get(&io->net->config->udp_timeout) * 1000;
}

static struct conn *
oldest(struct io *io)
{
	return list_empty(&io->awake) ? NULL :
	    list_entry(io->awake.next, struct conn, by_time);
}

void
udp_time(struct io *io)
{
	struct conn *c;

	while ((c = oldest(io)) != NULL &&
	    io->now - c->active >= patience(io))
		io_finish(io, c, END_IDLE, io_bye("idle", 0), true);
	udp_unblock(io);
	remind_time(io);
}

uint64_t
udp_next(struct io *io)
{
	const struct udp_sockets *s = io->udp->sockets;
	const struct conn *c = oldest(io);
	uint64_t next = c == NULL ? UINT64_MAX : c->active + patience(io);

	for (unsigned i = 0; i < s->count; i++)
		if (s->all[i].readable)
			return io->now;
	if (udp_unblock_at(io) < next)
		next = udp_unblock_at(io);
	return remind_next(io) < next ? remind_next(io) : next;
}
