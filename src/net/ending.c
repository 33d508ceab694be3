/* ending.c -- how a connection ends, whoever ends it
 *
 * SPDX-License-Identifier: MIT
 *
 * In order (io_finish): everything it asked is answered and what its streams
 * have by then is sent, then BYE. At once (io_close): the socket is closed,
 * and what other threads know of it is called back. Either way the connection
 * itself is freed when the last of its mail is back (io_bury). */
#include <inttypes.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/log.h"
#include "net/io.h"
#include "room/room.h"

static void
log_end(const struct io *io, const struct conn *c, enum conn_end why)
{
	struct slice who = person_name(c->contact.person);
	char peer[PEER_TEXT_MAX];

	log_info("connection %" PRIu64 " %.*s %s: %s after %" PRIu64
	    " s, %" PRIu64 " lines, %" PRIu64 " bytes in, %" PRIu64 " out",
	    c->contact.conn, (int)who.len, who.at, peer_text(&c->peer, peer),
	    conn_end_name(why), (io->now - c->since) / 1000, c->lines,
	    c->bytes_in, c->bytes_out);
}

/* A request that a full mailbox refused goes nowhere. */
static void
drop_held(struct io *io, struct conn *c)
{
	struct request *r = c->held;
	struct member *from;
	struct feed *f;

	if (r == NULL)
		return;
	from = r->from;
	f = r->feed;
	c->held = NULL;
	list_remove(&r->in_held);
	c->under_way--;
	request_free(&io->spares, &r);
	if (from != NULL) {
		from->under_way--;
		deliver_forget(io, from);
	}
	f->under_way--;
	io_close_feed(io, f);
}

void
io_close(struct io *io, struct conn *c, enum conn_end why)
{
	struct link *l, *next;

	if (c->fd < 0)
		return;
	if (c->end == END_NONE)
		c->end = why;
	log_end(io, c, c->end);
	io_count(io, COUNT_CLOSED, 1);
	if (c->parting == NULL && c->end != END_QUIT)
		blob_add(&c->parting, slice_of(conn_end_name(c->end)));
	/* Who sees the end may come again at once, and is not in its own way. */
	atomic_fetch_sub(&c->net->connections, 1);
	addresses_leave(&c->net->addresses, &c->address, io->now * 1000);
	conn_close(c);
	atomic_store(&c->gone, true);
	c->cut = NULL;
	list_remove(&c->by_time);
	list_remove(&c->turn);
	conn_keep(c, NULL, 0);
	drop_held(io, c);
	for (l = c->members.next; l != &c->members; l = next) {
		next = l->next;
		deliver_detach(io,
		    list_entry(l, struct member, in_conn));
	}
	io_bury(io, c);
}

void
io_bury(struct io *io, struct conn *c)
{
	if (c->under_way > 0 || !list_empty(&c->members) ||
	    !list_empty(&c->turn))
		return;
	if (!c->left) {
		c->left = true;
		if (!people_leave(io->net->registry, &c->contact, io->now))
			c->evicted = true;
		table_remove(&io->conns, &c->node);
	}
	/* MAIL_EVICT is inside it, and on its way. */
	if (c->evicted)
		list_append(&io->dead, &c->turn);
}

void
io_finish(struct io *io, struct conn *c, enum conn_end why, struct blob *bye,
    bool abrupt)
{
	if (c->fd < 0 || (c->end != END_NONE && !abrupt)) {
		blob_unref(&bye);
		return;
	}
	c->end = why;
	blob_unref(&c->bye);
	c->bye = bye;
	list_remove(&c->by_time);
	c->active = io->now;
	list_append(&io->ending, &c->by_time);
	conn_keep(c, NULL, 0);
	if (abrupt) {
		deliver_uncut(c);
		c->silent = true;
	}
	io_turn(io, c);
}

struct blob *
io_bye(const char *code, uint64_t spread)
{
	struct blob *b = NULL;

	if (spread > 0)
		blob_printf(&b, "@retry=%" PRIu32 " ",
		    randombytes_uniform((uint32_t)spread) + 1);
	blob_printf(&b, "BYE %s\n", code);
	return b;
}

/* After a drain only local connections may stay, after a stop none. */
void
io_send_away(struct io *io, struct conn *c)
{
	if (io->bye_code != NULL && (io->stopping || !c->peer.local))
		io_finish(io, c, io->stopping ? END_STOPPED : END_DRAINED,
		    io_bye(io->bye_code, io->bye_spread), false);
}
