/* replay.c -- members that are behind their room's window, from its log
 *
 * SPDX-License-Identifier: MIT
 *
 * A slice at a time is asked of the archive, only for a connection that can
 * take it, and only so many at once for all of an io thread: memory is that,
 * however many are behind. What the socket does not take of a slice is let
 * go, but for the rest of a begun line, and read again. When the log has no
 * more the room is asked for a place in its stream, which begins exactly
 * there, or for more of the log if it has gone on meanwhile. */
#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/io.h"
#include "net/udp.h"
#include "proto/event.h"
#include "proto/mail.h"
#include "room/archive.h"
#include "room/room.h"

enum {
	SLICES_MOST = 32,	/* of one io thread */
	SLICE_FIRST = 65536,
	SLICE_MOST = 262144	/* who takes all gets more at once */
};

static void
ask(struct io *io, struct reading *r)
{
	if (r->member->conn->udp != NULL)
		r->most = udp_wants(r->member);
	list_remove(&r->hungry);
	io->slices++;
	r->member->asking = true;
	r->member->feed->under_way++;
	io_count(io, COUNT_SLICES, 1);
	archives_read(io->net->registry->archives, r);
}

static void
feed_hungry(struct io *io)
{
	while (io->slices < SLICES_MOST && !list_empty(&io->hungry))
		ask(io, list_entry(io->hungry.next, struct reading, hungry));
}

static struct reading *
reading_of(const struct member *m)
{
	return m->behind == NULL ? NULL : m->behind->reading;
}

void
replay_begin(struct member *m, uint64_t from)
{
	struct behind *b = deliver_behind(m);
	struct reading *r = b->reading;

	/* A JOIN may move one that reads already; what is under way for it
	 * comes back as `moved`. */
	b->want = from;
	if (r == NULL) {
		r = b->reading = xcalloc(1, sizeof(*r));
		r->mail.kind = MAIL_READ;
		r->member = m;
		r->room = m->feed->room;
		list_init(&r->hungry);
		r->most = SLICE_FIRST;
	}
	if (m->asking)
		return;
	blob_unref(&r->bytes);
	r->next = from;
	r->spot = (struct spot){ 0 };
}

void
replay_end(struct io *io, struct member *m)
{
	struct reading *r = reading_of(m);

	if (r == NULL)
		return;
	list_remove(&r->hungry);
	/* Under way still, after a JOIN gave it another place: it is freed
	 * when it is back. */
	if (m->asking)
		return;
	m->behind->reading = NULL;
	blob_unref(&r->bytes);
	free(r);
	feed_hungry(io);
}

void
replay_more(struct io *io, struct member *m)
{
	struct reading *r = m->behind->reading;

	if (m->asking || !list_empty(&r->hungry))
		return;
	r->back = &io->box;
	if (io->slices < SLICES_MOST)
		ask(io, r);
	else
		list_append(&io->hungry, &r->hungry);
}

/* The number of the line that is at `at`, or the one after all of them. */
static uint64_t
number_at(const struct reading *r, size_t at)
{
	const char *line = r->bytes->data + at, *lf;

	if (at == r->bytes->len)
		return r->next;
	lf = memchr(line, '\n', r->bytes->len - at);
	assert(lf != NULL);
	return event_number((struct slice){ line, (size_t)(lf + 1 - line) });
}

/* The socket has taken n bytes of the slice. */
static void
took(struct conn *c, struct reading *r, size_t n)
{
	const char *data = r->bytes->data;
	size_t whole = n, rest;

	if (n > 0 && data[n - 1] != '\n') {
		const char *lf = memchr(data + n, '\n', r->bytes->len - n);

		assert(lf != NULL);
		whole = (size_t)(lf + 1 - data);
		conn_put_first(c, (struct slice){ data + n, whole - n });
	}
	rest = r->bytes->len - whole;
	if (rest == 0) {
		r->most = r->most * 2 < SLICE_MOST ? r->most * 2 : SLICE_MOST;
		return;
	}
	r->next = number_at(r, whole);
	r->spot.at = r->spot.at > rest ? r->spot.at - rest : 0;
	r->most = SLICE_FIRST;
}

static void
send_slice(struct io *io, struct member *m)
{
	struct reading *r = m->behind->reading;
	struct conn *c = m->conn;
	struct iovec part = { r->bytes->data, r->bytes->len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n = deliver_send(io, c, &msg, r->bytes->len);

	if (n < 0)
		return;
	took(c, r, (size_t)n);
	io_turn(io, c);
}

/* A slice for somebody who can take it now. */
static void
give(struct io *io, struct member *m)
{
	struct behind *b = m->behind;
	struct reading *r = b->reading;
	struct conn *c = m->conn;

	b->want = r->next;
	if (r->bytes == NULL) {
		b->no_log = r->failure != 0;
		replay_end(io, m);
		deliver_ask(m);
		return;
	}
	if (c->udp != NULL) {
		udp_slice(io, m);
		return;
	}
	/* Who is not finished with something else, or takes nothing now, is
	 * given it later. */
	if (c->blocked || c->out != NULL || c->cut != NULL) {
		r->next = number_at(r, 0);
		r->spot = (struct spot){ 0 };
		io_turn(io, c);
	} else {
		send_slice(io, m);
	}
	if (reading_of(m) == r)
		blob_unref(&r->bytes);
}

void
replay_moved(struct io *io, struct member *m)
{
	m->moved = false;
	if (m->chunk != NULL)
		replay_end(io, m);
	else if (reading_of(m) != NULL)
		replay_begin(m, m->behind->want);
	io_turn(io, m->conn);
}

void
replay_slice(struct io *io, struct reading *r)
{
	struct member *m = r->member;

	io->slices--;
	m->asking = false;
	m->feed->under_way--;
	if (m->conn->fd < 0) {
		deliver_detach(io, m);
	} else if (m->gone) {
		deliver_forget(io, m);
	} else if (m->moved) {
		replay_moved(io, m);
	} else {
		give(io, m);
	}
	feed_hungry(io);
}
