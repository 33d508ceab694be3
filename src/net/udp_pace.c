/* udp_pace.c -- what a session of datagrams is sent: no more than udp.rate
 *
 * SPDX-License-Identifier: MIT
 *
 * A bucket of bytes is what a socket's buffer is elsewhere. When it is empty
 * the session is blocked for a moment. Its answers wait; what its rooms say
 * meanwhile is left out, and nothing is kept of it: AT tells that there was
 * something, and a JOIN gets it. So nobody here is ever behind the window: a
 * member is at the end of its stream whenever it was looked at.
 *
 * Such a JOIN is answered with so many bytes from its place on, copied, since
 * the stream is not held for who may never ask again; then the member is at
 * the end, wherever the copy ended. */
#include <assert.h>

#include "net/turn.h"
#include "net/udp_parts.h"
#include "room/archive.h"

enum {
	BUCKET_BYTES = 32768,
	FILLED_MS = 60000,	/* it is full by then, at any rate */
	BLOCKED_MS = 10,	/* until the bucket is looked at again */
	REPLAY_BYTES = 32768	/* of one JOIN */
};

void
udp_pace_init(struct udp_session *s)
{
	s->tokens = BUCKET_BYTES * 1000;
	list_init(&s->blocked);
}

/* A byte a second is a thousandth of one in a millisecond. */
static void
fill(struct udp_session *s)
{
	uint64_t now = s->io->now, passed = now - s->filled;

	s->filled = now;
	s->tokens += (int64_t)(passed < FILLED_MS ? passed : FILLED_MS) *
	    config_get(&s->io->net->config->udp_rate);
	if (s->tokens > BUCKET_BYTES * 1000)
		s->tokens = BUCKET_BYTES * 1000;
}

static void
block(struct udp_session *s)
{
	if (!list_empty(&s->blocked))
		return;
	s->blocked_at = s->io->now;
	list_append(&s->io->udp->blocked, &s->blocked);
}

/* The last line may take the bucket below nothing, so that a long one has its
 * turn at any rate. */
static size_t
put_lines(struct conn *c, struct slice lines)
{
	struct udp_session *s = c->udp;
	const char *at = lines.at, *end = lines.at + lines.len;

	while (at < end && s->tokens > 0) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len;

		assert(lf != NULL);
		len = (size_t)(lf + 1 - at);
		udp_put(s->io, c, (struct slice){ at, len });
		s->tokens -= (int64_t)len * 1000;
		at += len;
	}
	return (size_t)(at - lines.at);
}

ssize_t
udp_send(struct conn *c, const struct msghdr *msg, size_t len)
{
	size_t sent = 0;

	fill(c->udp);
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		const struct iovec *v = &msg->msg_iov[i];
		size_t n = put_lines(c,
		    (struct slice){ v->iov_base, v->iov_len });

		sent += n;
		if (n < v->iov_len)
			break;
	}
	c->blocked = sent < len;
	if (c->blocked)
		block(c->udp);
	c->bytes_out += sent;
	return (ssize_t)sent;
}

void
udp_unblock(struct io *io)
{
	struct link *l = &io->udp->blocked;

	while (!list_empty(l)) {
		struct udp_session *s =
		    list_entry(l->next, struct udp_session, blocked);

		if (s->blocked_at + BLOCKED_MS > io->now)
			return;
		list_remove(&s->blocked);
		s->conn->blocked = false;
		io_turn(io, s->conn);
	}
}

uint64_t
udp_unblock_at(const struct io *io)
{
	const struct link *l = &io->udp->blocked;

	return list_empty(l) ? UINT64_MAX : list_entry(l->next,
	    struct udp_session, blocked)->blocked_at + BLOCKED_MS;
}

/* Lines behind the first n bytes of the turn. */
static uint64_t
count_lines(const struct turn *t, size_t n)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < t->parts; i++) {
		const char *at = t->iov[i].iov_base;
		const char *end = at + t->iov[i].iov_len;

		at += n < t->iov[i].iov_len ? n : t->iov[i].iov_len;
		n -= n < t->iov[i].iov_len ? n : t->iov[i].iov_len;
		while (at < end) {
			at = memchr(at, '\n', (size_t)(end - at));
			assert(at != NULL);
			at++;
			count++;
		}
	}
	return count;
}

void
udp_turn(struct io *io, struct member *m)
{
	struct conn *c = m->conn;
	bool left_out = false;
	struct turn t;

	do {
		struct msghdr msg = { .msg_iov = t.iov };
		ssize_t n = 0;

		turn_gather(m, &t, TURN_BYTES);
		msg.msg_iovlen = t.parts;
		if (t.bytes > 0 && !c->blocked && !c->silent)
			n = deliver_send(io, c, &msg, t.bytes);
		assert(n >= 0);
		if ((size_t)n < t.bytes) {
			left_out = true;
			udp_add(io->udp, UDP_SKIPPED,
			    count_lines(&t, (size_t)n));
		}
		turn_advance(m, &t, t.bytes);
	} while (t.bytes > 0);
	remind_moved(io, m, left_out);
}

/* As udp_turn(), of what nobody counts. */
static void
leap(struct member *m)
{
	uint32_t ready;

	while ((ready = chunk_ready(&m->chunk, &m->off)) > 0) {
		uint64_t end = atomic_load_explicit(&m->end_at,
		    memory_order_relaxed);

		if (m->until < end)
			end = m->until;
		if (member_position(m) >= end)
			return;
		if (end - member_position(m) < ready)
			ready = (uint32_t)(end - member_position(m));
		m->off += ready;
	}
}

/* The lines of these that there is room for. */
static struct slice
fitting(struct slice lines, size_t most)
{
	const char *lf;

	if (lines.len <= most)
		return lines;
	lf = most == 0 ? NULL : memrchr(lines.at, '\n', most);
	return (struct slice){ lines.at,
		lf == NULL ? 0 : (size_t)(lf + 1 - lines.at) };
}

/* Copies what is below `live`. False: there is more of it than may be. */
static bool
copy(struct member *m, struct reminder *r)
{
	struct blob *lines = NULL;
	uint64_t from;

	do {
		struct turn t;
		size_t taken = 0;

		from = member_position(m);
		turn_gather(m, &t, r->left);
		for (unsigned i = 0; i < t.parts; i++) {
			struct slice part = fitting((struct slice){
			    t.iov[i].iov_base, t.iov[i].iov_len }, r->left);

			blob_add(&lines, part);
			taken += part.len;
			r->left -= (uint32_t)part.len;
			if (part.len < t.iov[i].iov_len)
				break;
		}
		turn_advance(m, &t, taken);
	} while (member_position(m) > from &&
	    member_position(m) < m->behind->live);
	if (lines != NULL)
		conn_put(m->conn, lines);
	return member_position(m) >= m->behind->live;
}

void
udp_replay(struct io *io, struct member *m)
{
	struct reminder *r = m->reminder;
	uint32_t had = r->left;

	if (!r->replaying || m->chunk == NULL)
		return;
	r->replaying = false;
	io_turn(io, m->conn);
	if (m->behind != NULL && !copy(m, r)) {
		blob_unref(&m->behind->then);
		leap(m);
	}
	io->passed += had - r->left;
	if (deliver_arrive(io, m))
		remind_now(io, m);
}

void
udp_asked(struct io *io, struct member *m)
{
	m->reminder->replaying = true;
	m->reminder->left = REPLAY_BYTES;
	udp_replay(io, m);
}

size_t
udp_wants(const struct member *m)
{
	return m->reminder == NULL ? 0 : m->reminder->left;
}

void
udp_slice(struct io *io, struct member *m)
{
	struct behind *b = m->behind;
	struct blob *bytes = b->reading->bytes;
	struct slice part = fitting((struct slice){ bytes->data, bytes->len },
	    m->reminder->left);

	m->reminder->left -= (uint32_t)part.len;
	if (part.len < bytes->len)
		m->reminder->left = 0;
	io->passed += part.len;
	if (part.len > 0)
		conn_add(m->conn, part);
	blob_unref(&b->reading->bytes);
	if (m->reminder->left == 0) {
		b->want = UINT64_MAX;
		replay_end(io, m);
		deliver_ask(m);
	}
	io_turn(io, m->conn);
}
