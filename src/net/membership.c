/* membership.c -- how memberships come, move and go, for the io thread
 *
 * SPDX-License-Identifier: MIT
 *
 * The other side of room/enter.c; room/member.h tells how the two talk. */
#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/io.h"
#include "net/udp.h"
#include "proto/mail.h"
#include "room/room.h"

struct behind *
deliver_behind(struct member *m)
{
	if (m->behind == NULL)
		m->behind = xcalloc(1, sizeof(*m->behind));
	return m->behind;
}

void
deliver_caught_up(struct member *m)
{
	struct behind *b = m->behind;

	if (b == NULL || b->reading != NULL || m->leaving)
		return;
	m->behind = NULL;
	blob_unref(&b->then);
	blob_unref(&b->last_words);
	free(b);
}

static void
take_place(struct io *io, struct member *m, struct place *p)
{
	struct feed *f = m->feed;

	if (m->conn->cut == m)
		deliver_uncut(m->conn);
	if (p->chunk == NULL) {
		m->chunk = NULL;
		blob_unref(&deliver_behind(m)->then);
		replay_begin(m, p->log);
		return;
	}
	replay_end(io, m);
	m->chunk = p->chunk;
	m->off = p->off;
	if (member_position(m) < p->live || p->then != NULL ||
	    m->behind != NULL) {
		struct behind *b = deliver_behind(m);

		b->live = p->live;
		blob_unref(&b->then);
		b->then = p->then;
		p->then = NULL;
	}
	if (p->first != NULL)
		conn_put(m->conn, p->first);
	p->first = NULL;
	/* One reference for all of the feed: the oldest. */
	if (f->oldest == NULL || p->chunk->start < f->oldest->start) {
		struct chunk *old = f->oldest;

		f->oldest = p->chunk;
		p->chunk = old;
	}
	chunk_unref(&p->chunk);
	if (m->conn->last_call)
		deliver_last(m);
}

void
deliver_attach(struct io *io, struct conn *c, struct member *m,
    struct place *p)
{
	if (m->conn == NULL) {
		m->conn = c;
		m->until = UINT64_MAX;
		c->rooms++;
		list_append(&c->members, &m->in_conn);
		list_append(&m->feed->here, &m->in_feed);
	}
	if (c->fd < 0 || m->gone) {
		place_drop(p);
		deliver_detach(io, m);
		return;
	}
	if (c->udp != NULL && m->reminder == NULL)
		remind_begin(io, m);
	m->moved = m->asking;
	take_place(io, m, p);
	io_turn(io, c);
}

void
deliver_again(struct io *io, struct move *move)
{
	struct member *m = move->member;
	struct place *p = &move->place;

	m->asking = false;
	m->feed->under_way--;
	if (m->conn->fd < 0) {
		deliver_detach(io, m);
	} else if (m->gone || m->moved || (p->chunk == NULL && p->log == 0)) {
		/* It is out already, or was moved by a JOIN meanwhile; after
		 * which it may have lost its place again, and asks again. */
		replay_moved(io, m);
		deliver_forget(io, m);
	} else {
		take_place(io, m, p);
		io_turn(io, m->conn);
		if (m->conn->udp != NULL)
			udp_replay(io, m);
	}
	move_free(&move);
}

void
deliver_end(struct io *io, struct move *move)
{
	struct member *m = move->member;
	struct conn *c = m->conn;
	bool thrown = move->thrown;

	assert(!m->gone);
	m->until = atomic_load_explicit(&m->end_at, memory_order_relaxed);
	if (c == NULL || c->fd < 0) {
		m->gone = true;
		move_free(&move);
		deliver_forget(io, m);
		return;
	}
	m->leaving = true;
	deliver_behind(m)->last_words = move->words;
	move->words = NULL;
	move_free(&move);
	if (thrown || m->chunk == NULL || member_position(m) >= m->until)
		deliver_finish(io, m);
	else
		io_turn(io, c);
}

void
deliver_detach(struct io *io, struct member *m)
{
	struct move *move;

	list_remove(&m->in_feed);
	remind_end(m);
	if (m->behind != NULL && m->behind->reading != NULL)
		list_remove(&m->behind->reading->hungry);
	m->chunk = NULL;
	if (m->leaving) {
		m->leaving = false;
		m->gone = true;
	}
	if (m->gone) {
		deliver_forget(io, m);
		return;
	}
	if (m->asking)
		return;
	m->asking = true;
	m->feed->under_way++;
	move = move_new(m, MAIL_DETACH);
	if (m->conn != NULL && m->conn->parting != NULL)
		move->words = blob_ref(m->conn->parting);
	io_ask(io, m->feed, &move->mail);
}

void
deliver_detached(struct io *io, struct move *move)
{
	struct member *m = move->member;

	move_free(&move);
	m->asking = false;
	m->feed->under_way--;
	m->gone = true;
	deliver_forget(io, m);
}

void
deliver_forget(struct io *io, struct member *m)
{
	struct conn *c = m->conn;
	struct feed *f = m->feed;

	if (!m->gone || m->asking || m->under_way > 0)
		return;
	replay_end(io, m);
	list_remove(&m->in_feed);
	list_remove(&m->in_conn);
	deliver_caught_up(m);
	free(m);
	io_close_feed(io, f);
	if (c != NULL && c->fd < 0)
		io_bury(io, c);
}

void
deliver_last(struct member *m)
{
	struct chunk *chunk = m->chunk;
	uint32_t off = m->off, ready;

	if (m->gone || chunk == NULL)
		return;
	while ((ready = chunk_ready(&chunk, &off)) > 0)
		off += ready;
	if (chunk->start + off < m->until)
		m->until = chunk->start + off;
}

bool
deliver_done(const struct conn *c)
{
	if (c->blocked || c->out != NULL || c->under_way > 0 || c->held)
		return false;
	if (c->silent)
		return true;
	for (struct link *l = c->members.next; l != &c->members;
	    l = l->next) {
		struct member *m = list_entry(l, struct member, in_conn);
		struct chunk *chunk = m->chunk;
		uint32_t off = m->off;

		if (m->gone)
			continue;
		/* It has fallen behind, and is catching up. */
		if (chunk == NULL)
			return false;
		if (member_position(m) < m->until &&
		    chunk_ready(&chunk, &off) > 0)
			return false;
	}
	return true;
}
