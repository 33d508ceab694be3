/* requests.c -- requests: to the rooms, and back with their answers
 *
 * SPDX-License-Identifier: MIT */
#include "net/io.h"
#include "net/udp.h"
#include "proto/mail.h"
#include "room/archive.h"
#include "room/room.h"

static bool
is_page(enum verb verb)
{
	return verb == VERB_HISTORY || verb == VERB_SEARCH;
}

struct request *
session_request(struct io *io, struct conn *c, const struct words *w,
    struct slice line)
{
	struct request *r = request_new(&io->spares, w, line);

	r->conn = c;
	r->who = c->contact.person;
	r->conn_id = c->contact.conn;
	r->io = io->index;
	if (c->udp != NULL)
		r->page = PAGE_DATAGRAMS;
	c->under_way++;
	return r;
}

/* A pass's requests go to their room together, as long as they have places;
 * the box itself tells who is over. */
static bool
post(struct io *io, struct request *r)
{
	struct feed *f = r->feed;

	if (f->asks < mailbox_places(&f->room->inbox)) {
		io_ask(io, f, &r->mail);
		f->asks++;
	} else {
		io_post(f);
		if (!mailbox_post(&f->room->inbox, &r->mail,
		    f->waiting ? NULL : &f->space)) {
			f->waiting = true;
			return false;
		}
	}
	if (list_empty(&f->touched))
		list_append(&io->touched, &f->touched);
	io_count(io, COUNT_REQUESTS, 1);
	return true;
}

void
session_send(struct io *io, struct conn *c, struct request *r)
{
	if (r->words.command->verb == VERB_JOIN)
		c->joining = true;
	if (r->words.command->verb == VERB_LEAVE && r->from != NULL)
		c->leaving = r->from->quitting = true;
	c->pages += is_page(r->words.command->verb);
	r->feed->under_way++;
	if (r->from != NULL)
		r->from->under_way++;
	if (c->under_way >=
	    (unsigned)config_get(&c->net->config->limits_pending))
		io_refused(io, c, LIMIT_PENDING);
	if (post(io, r))
		return;
	io_refused(io, c, LIMIT_MAILBOX);
	c->held = r;
	list_append(&r->feed->held, &r->in_held);
}

static void
count_refusal(struct io *io, const struct conn *c,
    const struct request *r)
{
	enum limiter l;

	if (r->limit == NULL)
		return;
	l = limit_find(r->limit);
	if (l < LIMIT_COUNT)
		io_refused(io, c, l);
}

/* A JOIN is back: with a membership and a place, unless it was refused. */
static void
joined(struct io *io, struct conn *c, struct request *r)
{
	if (r->place.chunk == NULL && r->place.log == 0)
		return;
	deliver_attach(io, c, r->member, &r->place);
	if (c->fd >= 0 && c->udp != NULL && r->words.count > 1)
		udp_asked(io, r->member);
}

void
session_returned(struct io *io, struct request *r)
{
	struct conn *c = r->conn;
	struct feed *f = r->feed;
	struct member *from = r->from;
	enum verb verb = r->words.command->verb;

	c->under_way--;
	c->pages -= is_page(verb);
	count_refusal(io, c, r);
	if (verb == VERB_JOIN)
		c->joining = false;
	if (verb == VERB_LEAVE && r->reply != NULL && from != NULL &&
	    from->quitting)
		c->leaving = from->quitting = false;
	if (c->fd >= 0 && verb == VERB_JOIN && c->cut != NULL &&
	    c->cut == r->member)
		deliver_uncut(c);
	if (c->fd >= 0 && r->list != NULL) {
		io->passed += r->list->len;
		conn_put(c, r->list);
		r->list = NULL;
	}
	if (c->fd >= 0 && r->reply != NULL) {
		io->passed += r->reply->len;
		conn_put(c, r->reply);
		r->reply = NULL;
	}
	if (verb == VERB_JOIN)
		joined(io, c, r);
	request_free(&io->spares, &r);
	if (from != NULL) {
		from->under_way--;
		deliver_forget(io, from);
	}
	if (f != NULL && --f->under_way == 0)
		io_close_feed(io, f);
	if (c->fd < 0)
		io_bury(io, c);
	else if (c->out != NULL || c->end != END_NONE || c->in_len > 0 ||
	    c->readable)
		io_turn(io, c);
}

void
session_space(struct io *io, struct feed *f)
{
	f->waiting = false;
	while (!list_empty(&f->held)) {
		struct request *r =
		    list_entry(f->held.next, struct request, in_held);

		if (!post(io, r))
			return;
		list_remove(&r->in_held);
		r->conn->held = NULL;
		io_turn(io, r->conn);
	}
	io_close_feed(io, f);
}
