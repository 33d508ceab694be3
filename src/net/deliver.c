/* deliver.c -- bytes out: from positions in streams to sockets
 *
 * SPDX-License-Identifier: MIT
 *
 * A connection's sources take turns: a begun line is finished, private output
 * goes next, then each membership has a turn of some 256 KiB. Whatever does not
 * fit stays where it is, in the stream: a blocked connection costs nothing.
 * Sessions of datagrams are given their turns by udp_pace.c. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "net/io.h"
#include "net/turn.h"
#include "net/udp.h"
#include "proto/event.h"
#include "proto/mail.h"
#include "room/room.h"

enum {
	ALONG_BYTES = 16384	/* copied, since a second send costs more */
};

void
deliver_uncut(struct conn *c)
{
	struct member *m = c->cut;
	uint32_t len;

	if (m == NULL)
		return;
	len = turn_line(m->chunk, m->off,
	    atomic_load_explicit(&m->chunk->len, memory_order_acquire));
	conn_put_first(c, (struct slice){ m->chunk->data + m->off, len });
	m->off += len;
	c->cut = NULL;
}

void
deliver_finish(struct io *io, struct member *m)
{
	struct blob *words = m->behind->last_words;
	struct conn *c = m->conn;

	if (c->cut == m)
		deliver_uncut(c);
	/* Who did not ask for its end would not ask again. */
	if (words != NULL && c->udp != NULL && !m->quitting)
		remind_words(io, m, words);
	if (words != NULL)
		conn_put(c, words);
	m->behind->last_words = NULL;
	remind_end(m);
	m->leaving = false;
	m->gone = true;
	m->chunk = NULL;
	list_remove(&m->in_feed);
	c->rooms--;
	if (m->quitting)
		c->leaving = m->quitting = false;
	io_turn(io, c);
	deliver_forget(io, m);
}

bool
deliver_arrive(struct io *io, struct member *m)
{
	struct behind *b = m->behind;

	if (b == NULL)
		return true;
	if (member_position(m) >= b->live) {
		if (b->then != NULL)
			conn_put(m->conn, b->then);
		b->then = NULL;
		deliver_caught_up(m);
	}
	if (m->leaving && member_position(m) >= m->until) {
		deliver_finish(io, m);
		return false;
	}
	return true;
}

ssize_t
deliver_send(struct io *io, struct conn *c, struct msghdr *msg, size_t len)
{
	ssize_t n = conn_send(c, msg, len);

	if (n < 0 && n != -EAGAIN) {
		io_close(io, c, END_LOST);
		return -1;
	}
	n = n < 0 ? 0 : n;
	io_count(io, COUNT_SENDS, 1);
	io_count(io, COUNT_BYTES_OUT, (uint64_t)n);
	io_count(io, COUNT_BLOCKED, c->blocked);
	return n;
}

/* One turn of one membership, whose connection is not blocked. */
static void
send_turn(struct io *io, struct member *m)
{
	struct conn *c = m->conn;
	struct turn t;
	ssize_t n = 0;

	if (c->udp != NULL) {
		udp_turn(io, m);
		if (deliver_arrive(io, m) && c->out != NULL)
			io_turn(io, c);
		return;
	}
	turn_gather(m, &t, TURN_BYTES);
	if (t.bytes > 0) {
		struct msghdr msg = { .msg_iov = t.iov,
			.msg_iovlen = t.parts };

		n = deliver_send(io, c, &msg, t.bytes);
		if (n < 0)
			return;
	}
	turn_advance(m, &t, (size_t)n);
	if (!deliver_arrive(io, m) || c->blocked)
		return;
	if (c->out != NULL || chunk_ready(&t.end_chunk, &t.end_off) > 0)
		io_turn(io, c);
}

void
deliver_ask(struct member *m)
{
	struct move *move = move_new(m, MAIL_AGAIN);

	m->asking = true;
	m->feed->under_way++;
	move->next = m->behind->want;
	move->no_log = m->behind->no_log;
	m->behind->no_log = false;
	io_post(m->feed);
	mailbox_send(&m->feed->room->inbox, &move->mail);
}

static bool
flush(struct io *io, struct conn *c)
{
	bool paused = c->out_bytes >= OUT_PAUSE;
	uint64_t before = c->bytes_out;
	int rc = conn_flush(c);

	/* What it asked meanwhile waits, and nothing else would tell. */
	if (paused && c->out_bytes < OUT_PAUSE)
		io_turn(io, c);

	io_count(io, COUNT_BYTES_OUT, c->bytes_out - before);
	if (rc < 0)
		io_close(io, c, END_LOST);
	return rc > 0;
}

/* What little the streams have goes with private output, in one send: the
 * answer to a JOIN with what was missed, and with the lines of who came at the
 * same time. */
static void
take_along(struct io *io, struct conn *c)
{
	for (struct link *l = c->members.next; l != &c->members;
	    l = l->next) {
		struct member *m = list_entry(l, struct member, in_conn);
		bool was_behind = true;

		/* Once for what was before its JOIN, once for what came
		 * after. */
		while (was_behind && !m->gone && m->chunk != NULL &&
		    !m->leaving) {
			struct turn t;

			turn_gather(m, &t, TURN_BYTES);
			if (c->out_bytes + t.bytes > ALONG_BYTES)
				return;
			for (unsigned i = 0; i < t.parts; i++)
				conn_add(c, (struct slice){ t.iov[i].iov_base,
				    t.iov[i].iov_len });
			turn_advance(m, &t, t.bytes);
			was_behind = m->behind != NULL;
			deliver_arrive(io, m);
			was_behind = was_behind && m->behind == NULL;
		}
	}
}

static void
deliver_members(struct io *io, struct conn *c)
{
	struct link *l = c->members.next, *next;

	for (; l != &c->members && c->fd >= 0 && !c->blocked; l = next) {
		struct member *m = list_entry(l, struct member, in_conn);

		next = l->next;
		if (m->gone)
			continue;
		if (m->chunk != NULL)
			send_turn(io, m);
		else if (m->behind->reading != NULL)
			replay_more(io, m);
		else if (!m->asking)
			deliver_ask(m);
	}
}

/* All it asked is answered: what the streams have now is the last it gets,
 * or in a busy room it would never end. */
static void
call_last(struct conn *c)
{
	if (c->last_call || c->under_way > 0 || c->held != NULL)
		return;
	c->last_call = true;
	for (struct link *l = c->members.next; l != &c->members;
	    l = l->next)
		deliver_last(list_entry(l, struct member, in_conn));
}

void
deliver(struct io *io, struct conn *c)
{
	if (c->fd < 0 || c->blocked)
		return;
	/* Who asks for a room with its login gets both answers at once: half
	 * of the sends of a storm. */
	if (c->bytes_out == 0 && c->joining && c->udp == NULL)
		return;
	if (c->cut != NULL) {
		send_turn(io, c->cut);
		if (c->fd < 0 || c->blocked)
			return;
	}
	if (c->out != NULL && !c->silent && c->udp == NULL)
		take_along(io, c);
	if (c->out != NULL && !flush(io, c))
		return;
	if (!c->silent)
		deliver_members(io, c);
	if (c->fd < 0 || c->blocked || (c->out != NULL && !flush(io, c)))
		return;
	if (c->end == END_NONE)
		return;
	call_last(c);
	if (!deliver_done(c))
		return;
	if (!c->said_bye && c->bye != NULL) {
		c->said_bye = true;
		conn_put(c, c->bye);
		c->bye = NULL;
		if (!flush(io, c))
			return;
	}
	io_close(io, c, c->end);
}

/* The next number a reader wants: that of the first numbered line at its
 * position or behind, and a chunk knows its own first. */
static uint64_t
next_number(const struct member *m)
{
	struct chunk *c = m->chunk;
	uint32_t off = m->off, len =
	    atomic_load_explicit(&c->len, memory_order_acquire);

	while (off < len) {
		uint32_t line = turn_line(c, off, len);
		uint64_t n = event_number((struct slice){ c->data + off,
		    line });

		if (n > 0)
			return n;
		off += line;
	}
	c = atomic_load_explicit(&c->next, memory_order_acquire);
	assert(c != NULL);
	return c->number;
}

/* The window has moved past the reader: it has no place any more, and asks
 * for one when its socket takes bytes again. */
static void
lag(struct io *io, struct member *m)
{
	struct conn *c = m->conn;
	struct behind *b;

	io_count(io, COUNT_LAGS, 1);
	if (c->cut == m)
		deliver_uncut(c);
	if (m->leaving) {
		deliver_finish(io, m);
		return;
	}
	b = deliver_behind(m);
	blob_unref(&b->then);
	b->want = next_number(m);
	m->chunk = NULL;
	if (!c->blocked)
		io_turn(io, c);
}

static void
let_go(struct feed *f, uint64_t start)
{
	struct chunk *next;

	if (list_empty(&f->here)) {
		chunk_unref(&f->oldest);
		return;
	}
	while (f->oldest != NULL && (next = atomic_load_explicit(
	    &f->oldest->next, memory_order_acquire)) != NULL &&
	    next->start <= start) {
		chunk_ref(next);
		chunk_unref(&f->oldest);
		f->oldest = next;
	}
}

void
deliver_feed(struct io *io, struct feed *f)
{
	uint64_t start = stream_start(&f->room->stream);
	struct link todo, *l;

	/* The room may not go while its feed is walked. */
	f->under_way++;
	/* Each goes back behind those that are done, since one that ends may
	 * take others with it. */
	list_init(&todo);
	list_append(&f->here, &todo);
	while ((l = f->here.next) != &todo) {
		struct member *m = list_entry(l, struct member, in_feed);
		struct conn *c = m->conn;

		list_remove(l);
		list_append(&f->here, l);
		if (m->chunk != NULL && !c->blocked) {
			if (c->out == NULL && c->cut == NULL &&
			    c->end == END_NONE)
				send_turn(io, m);
			else
				deliver(io, c);
		}
		/* Sending may have ended the connection or the membership,
		 * and freed it; then it is not listed here. */
		if (f->here.prev != l)
			continue;
		if (m->chunk == NULL)
			continue;
		/* Nor is a session of datagrams that was blocked behind. */
		if (c->udp != NULL) {
			send_turn(io, m);
			continue;
		}
		/* Who has read a chunk to its end is in the next, and does not
		 * need the one that may be let go. */
		(void)chunk_ready(&m->chunk, &m->off);
		if (member_position(m) < start)
			lag(io, m);
	}
	list_remove(&todo);
	let_go(f, start);
	f->under_way--;
	io_close_feed(io, f);
}
