/* udp_in.c -- datagrams in: whose they are, where from, what they say
 *
 * SPDX-License-Identifier: MIT
 *
 * A pass receives a batch and no more, whatever comes: so mail, rooms and time
 * have their turn under a flood. Nothing of a datagram counts before its seal
 * was found good, and none that is not good is answered or logged, but for a
 * hint that its session is not known. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <sodium.h>

#include "base/log.h"
#include "net/udp_parts.h"

enum {
	CHALLENGE_MS = 1000,	/* between two of one session */
	DISCOVERY = 'V',	/* the first byte */
	SEALED = 0x80		/* or above */
};

void
udp_event(void *at)
{
	struct udp_socket *s = at;

	s->readable = true;
}

static void
prepare(struct udp *u, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		struct udp_message *m = &u->messages[i];

		m->iov = (struct iovec){ u->in[i], sizeof(u->in[i]) };
		u->headers[i] = (struct mmsghdr){ .msg_hdr = {
			.msg_name = &m->name, .msg_namelen = sizeof(m->name),
			.msg_iov = &m->iov, .msg_iovlen = 1,
			.msg_control = m->control,
			.msg_controllen = sizeof(m->control) } };
	}
}

static void
receive_from(struct udp *u, unsigned socket)
{
	struct udp_socket *s = &u->sockets->all[socket];
	unsigned first = u->came, count = UDP_BATCH - first;
	int n;

	if (!s->readable || count == 0)
		return;
	prepare(u, first, count);
	n = recvmmsg(s->fd, &u->headers[first], count, MSG_DONTWAIT, NULL);
	/* An error may be of one datagram, and is gone with it. */
	s->readable = n == (int)count ||
	    (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
	for (int i = 0; i < n; i++) {
		struct mmsghdr *h = &u->headers[first + (unsigned)i];

		u->lens[u->came] =
		    h->msg_hdr.msg_flags & MSG_TRUNC ? 0 : h->msg_len;
		udp_path_of(socket, &h->msg_hdr, &u->paths[u->came]);
		u->came++;
	}
}

/* Another socket begins each time: none can keep the others from their part. */
void
udp_receive(struct io *io)
{
	struct udp *u = io->udp;
	unsigned count = u->sockets->count;

	for (unsigned i = 0; i < count; i++)
		receive_from(u, (u->next + i) % count);
	u->next = count > 0 ? (u->next + 1) % count : 0;
	udp_add(u, UDP_IN, u->came);
}

static void
move(struct udp_session *s, const struct udp_path *path)
{
	struct conn *c = s->conn;
	char was[PEER_TEXT_MAX], is[PEER_TEXT_MAX];
	struct slice who = person_name(c->contact.person);
	bool placed = s->placed;

	peer_text(&c->peer, was);
	s->path = *path;
	s->placed = true;
	s->challenging = false;
	c->peer.ip = path->peer;
	c->peer.port = path->port;
	if (placed)
		log_info("connection %" PRIu64 " %.*s %s: moved to %s",
		    c->contact.conn, (int)who.len, who.at, was,
		    peer_text(&c->peer, is));
}

/* Is the answer to the challenge in it? */
static bool
proves(const struct udp_session *s, const struct udp_path *path,
    struct slice lines)
{
	char line[32];
	int len;
	const char *at;

	if (!s->challenging || !udp_path_same(&s->other, path))
		return false;
	len = snprintf(line, sizeof(line), "PONG %s\n", s->token);
	at = memmem(lines.at, lines.len, line, (size_t)len);
	return at != NULL && (at == lines.at || at[-1] == '\n');
}

static void
challenge(struct io *io, struct udp_session *s, const struct udp_path *path,
    size_t len)
{
	char line[32];
	int n;

	if (s->challenged != 0 && io->now - s->challenged < CHALLENGE_MS)
		return;
	if (!s->challenging || !udp_path_same(&s->other, path))
		snprintf(s->token, sizeof(s->token), "%08" PRIx32 "%08" PRIx32,
		    randombytes_random(), randombytes_random());
	s->challenging = true;
	s->other = *path;
	s->challenged = io->now;
	n = snprintf(line, sizeof(line), "PING %s\n", s->token);
	if (udp_put_to(io, s->conn, path, (struct slice){ line, (size_t)n },
	    len))
		udp_add(io->udp, UDP_CHALLENGES, 1);
}

/* Where a good datagram came from. */
static void
look_where(struct io *io, struct udp_session *s, const struct udp_path *path,
    struct slice lines, size_t len, bool newest)
{
	if (s->placed && udp_path_same(&s->path, path)) {
		if (newest)
			s->path = *path;
		return;
	}
	if (bans_has(&io->net->bans, &path->peer, io->now, NULL))
		return;
	if (proves(s, path, lines) || (!s->placed && memcmp(&path->peer,
	    &s->conn->peer.ip, sizeof(path->peer)) == 0))
		move(s, path);
	else if (newest)
		challenge(io, s, path, len);
}

/* It is good. False: there is no more room for its lines. */
static bool
take_good(struct io *io, struct udp_session *s, struct slice lines,
    size_t len, const struct udp_path *path, bool newest)
{
	struct conn *c = s->conn;

	c->bytes_in += len;
	io->passed += len;
	io_count(io, COUNT_BYTES_IN, len);
	/* The end has a time of its own. */
	if (c->end == END_NONE)
		io_active(io, c);
	look_where(io, s, path, lines, len, newest);
	return session_datagram(io, c, lines);
}

static struct discovery_question
question_of(const struct io *io, const unsigned char *bytes, size_t len,
    const struct udp_path *path)
{
	return (struct discovery_question){
		.bytes = { (const char *)bytes, len },
		.from = { .ip = path->peer, .port = path->port },
		.port = io->udp->sockets->all[path->socket].port,
		.for_all = path->lan
	};
}

/* Who had a session before this server was started again need not wait to find
 * that out. Nothing is proved: so it is less than what came, and as rarely said
 * as that a server is here. */
static void
tell_gone(struct io *io, const unsigned char *bytes, size_t len,
    const struct udp_path *path)
{
	const struct discovery_question q = question_of(io, bytes, len, path);
	char gone[DATAGRAM_GONE_BYTES];

	if (bans_has(&io->net->bans, &path->peer, io->now, NULL) ||
	    !discovery_may_tell(&io->udp->discovery, &q, io->now))
		return;
	datagram_gone(bytes, gone);
	udp_put_bytes(io, path, (struct slice){ gone, sizeof(gone) });
}

/* False: it is to be dropped. */
static bool
take_sealed(struct io *io, const unsigned char *bytes, size_t len,
    const struct udp_path *path)
{
	struct udp *u = io->udp;
	struct slice lines = { u->lines, 0 };
	struct udp_session *s;
	struct table_node *n;
	bool newest, good;

	if (len < DATAGRAM_CLIENT_LEAST || path->lan)
		return false;
	n = table_find(&u->sessions, (struct slice){ (const char *)bytes,
	    DATAGRAM_SESSION_BYTES });
	if (n == NULL) {
		tell_gone(io, bytes, len, path);
		return false;
	}
	s = table_entry(n, struct udp_session, node);
	good = datagram_open(&s->datagram, bytes, len, u->lines, &lines.len,
	    &newest) && take_good(io, s, lines, len, path, newest);
	/* A new password may have been in it. */
	sodium_memzero(u->lines, sizeof(u->lines));
	return good;
}

/* Whoever looks for servers has proved nothing: what may be said to whom is
 * told by net/discovery.h. */
static bool
take_question(struct io *io, const unsigned char *bytes, size_t len,
    const struct udp_path *path)
{
	const struct discovery_question q = question_of(io, bytes, len, path);
	struct slice answer = { 0 };
	char text[DISCOVERY_MOST];

	if (bans_has(&io->net->bans, &path->peer, io->now, NULL))
		return false;
	switch (discovery_answer(&io->udp->discovery, io->net, &q, io->now,
	    text, &answer.len)) {
	case DISCOVERY_NO:
		return false;
	case DISCOVERY_LIMIT:
		counter_add(&io->refused[LIMIT_DISCOVERY], 1);
		refusals_tell(&io->net->refusals, LIMIT_DISCOVERY,
		    (struct slice){ 0 }, &q.from, io->now);
		return false;
	case DISCOVERY_YES:
		break;
	}
	answer.at = text;
	udp_put_bytes(io, path, answer);
	udp_add(io->udp, UDP_DISCOVERIES, 1);
	return true;
}

static bool
take_one(struct io *io, const unsigned char *bytes, size_t len,
    const struct udp_path *path)
{
	if (len > 0 && bytes[0] >= SEALED)
		return take_sealed(io, bytes, len, path);
	return len > 0 && bytes[0] == DISCOVERY &&
	    take_question(io, bytes, len, path);
}

void
udp_input(struct io *io)
{
	struct udp *u = io->udp;

	for (unsigned i = 0; i < u->came; i++)
		if (!take_one(io, u->in[i], u->lens[i], &u->paths[i]))
			udp_add(u, UDP_DROPPED, 1);
	u->came = 0;
}
