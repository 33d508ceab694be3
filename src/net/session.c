/* session.c -- lines in: from a socket to whoever answers them
 *
 * SPDX-License-Identifier: MIT
 *
 * A connection is read from only while it may ask: not while a JOIN or LEAVE
 * of its is under way (so that what comes next meets what they made), nor with
 * limits.pending requests unanswered or PAGES_MOST of HISTORY and SEARCH, nor
 * while a room's full mailbox refused one of its requests, nor with much output
 * unsent. What was read and may not be understood yet is kept; TCP makes the
 * peer wait. Nothing makes who sends datagrams wait: of those some are kept,
 * and the rest is lost. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <sodium.h>

#include "net/accounting.h"
#include "net/io.h"
#include "net/help.h"
#include "net/udp.h"
#include "proto/mail.h"
#include "room/room.h"
#include "wire/vcrp.h"

/* Their answers are long, and a search is work. */
enum { PAGES_MOST = 4 };

static bool
may_ask(const struct conn *c)
{
	return c->fd >= 0 && c->end == END_NONE && !c->joining &&
	    !c->leaving && c->held == NULL && c->pages < PAGES_MOST &&
	    c->out_bytes < OUT_PAUSE && c->under_way <
	    (unsigned)config_get(&c->net->config->limits_pending);
}

static void
say_limited(struct io *io, struct conn *c, struct slice id, enum error e,
    enum limiter limit, uint64_t wait, const char *text)
{
	struct blob *b = NULL;

	io_refused(io, c, limit);
	reply_error(&b, id, e, wait, limit_name(limit), text);
	conn_put(c, b);
}

/* A person's, so that more connections are not more lines. */
static uint64_t
take_tokens(const struct io *io, struct conn *c, unsigned cost)
{
	uint64_t rate =
	    (uint64_t)config_get(&io->net->config->limits_lines);

	if (rate == 0 || cost == 0)
		return 0;
	return rate_take(&c->contact.person->lines, io->now * 1000,
	    1000000 / rate,
	    (unsigned)config_get(&io->net->config->limits_burst), cost);
}

static struct member *
member_by_name(struct conn *c, struct slice name)
{
	for (struct link *l = c->members.next; l != &c->members;
	    l = l->next) {
		struct member *m = list_entry(l, struct member, in_conn);

		/* A conversation with a guest who is gone has the name of the
		 * one with its successor. */
		if (!m->gone && slice_same(m->feed->room->name, name) &&
		    room_gone(m->feed->room) == NULL)
			return m;
	}
	return NULL;
}

static struct member *
member_by_key(struct conn *c, struct slice key)
{
	for (struct link *l = c->members.next; l != &c->members;
	    l = l->next) {
		struct member *m = list_entry(l, struct member, in_conn);

		if (!m->gone && slice_same(m->feed->room->key, key))
			return m;
	}
	return NULL;
}

static void
refuse_room(struct io *io, struct conn *c, const struct words *w,
    enum error e, const char *limit, const char *why)
{
	if (limit != NULL)
		say_limited(io, c, w->id, e, limit_find(limit), 0, why);
	else
		conn_error(c, w->id, e, why);
}

static bool
over_rooms(struct io *io, struct conn *c, const struct words *w)
{
	if (w->command->verb != VERB_JOIN || c->rooms <
	    (unsigned)config_get(&c->net->config->limits_rooms_per_connection))
		return false;
	say_limited(io, c, w->id, ERROR_TOO_MANY, LIMIT_ROOMS_PER_CONNECTION,
	    0, "LEAVE a room first");
	return true;
}

/* The feed of a room that the connection is not in. */
static struct feed *
open_feed(struct io *io, struct conn *c, const struct words *w,
    const struct room_word *word)
{
	struct seeker s = { .who = c->contact.person,
		.verb = w->command->verb, .io = io->index, .now = io->now,
		.making = c->address == NULL ? NULL :
		    address_rate(c->address, ADDRESS_ROOMS) };
	const char *why = NULL, *limit = NULL;
	struct feed *f;
	struct room *room;
	enum error e;

	/* Before a room is looked for: the limit is no way to learn of it. */
	if (over_rooms(io, c, w))
		return NULL;
	e = registry_open(io->net->registry, word, &s, &room, &why, &limit);
	if (e != ERROR_NONE) {
		refuse_room(io, c, w, e, limit, why);
		return NULL;
	}
	f = &room->feeds[io->index];
	if (!f->open)
		io_open_feed(io, f);
	return f;
}

/* The room that the first word means, by any spelling; *m_r: the connection's
 * membership there, or NULL. */
static struct feed *
find_feed(struct io *io, struct conn *c, const struct words *w,
    struct member **m_r)
{
	const char *why = NULL;
	struct room_word word;
	struct feed *f;
	enum error e;

	*m_r = member_by_name(c, w->word[0]);
	if (*m_r != NULL)
		return (*m_r)->feed;
	e = registry_word(io->net->registry, c->contact.person, w->word[0],
	    &word, &why);
	if (e != ERROR_NONE) {
		refuse_room(io, c, w, e, NULL, why);
		return NULL;
	}
	*m_r = member_by_key(c, (struct slice){ word.key, word.key_len });
	f = *m_r != NULL ? (*m_r)->feed : open_feed(io, c, w, &word);
	room_word_fini(&word);
	return f;
}

/* Signals are what goes first when there is too much. */
static bool
drop_signal(struct io *io, const struct conn *c, struct feed *f,
    const struct words *w)
{
	const struct mailbox *box = &f->room->inbox;

	if (w->command->verb != VERB_SIGNAL || mailbox_places(box) >=
	    box->limit - box->limit / 2 + f->asks)
		return false;
	io_refused(io, c, LIMIT_SIGNALS);
	return true;
}

static void
to_room(struct io *io, struct conn *c, const struct words *w,
    struct slice line, uint64_t wait)
{
	struct member *m;
	struct feed *f = find_feed(io, c, w, &m);
	struct request *r;

	if (f == NULL)
		return;
	if (drop_signal(io, c, f, w)) {
		io_close_feed(io, f);
		return;
	}
	r = session_request(io, c, w, line);
	r->unwanted = &c->gone;
	r->feed = f;
	r->member = r->from = m;
	r->wait = wait;
	session_send(io, c, r);
}

/* To main, or on a visit to every io thread, this one first. */
static void
to_others(struct io *io, struct conn *c, const struct words *w,
    struct slice line)
{
	struct request *r = session_request(io, c, w, line);

	if (w->command->where == RUN_MAIN) {
		mailbox_send(io->net->main, &r->mail);
		return;
	}
	admin_ask(io, r);
}

static void
quit(struct io *io, struct conn *c, const struct words *w)
{
	struct blob *bye = NULL;

	if (w->text.len > 0 && c->parting == NULL)
		blob_add(&c->parting, w->text);
	reply_id(&bye, w->id);
	blob_printf(&bye, "BYE quit\n");
	io_finish(io, c, END_QUIT, bye, false);
}

static void
here(struct io *io, struct conn *c, const struct words *w)
{
	switch (w->command->verb) {
	case VERB_PING:
		help_pong(c, w);
		break;
	case VERB_HELP:
		help_answer(c, w);
		break;
	case VERB_LIST:
		help_list(c, w);
		break;
	case VERB_QUIT:
		quit(io, c, w);
		break;
	case VERB_UDP:
		udp_ask(io, c, w);
		break;
	default:
		break;
	}
}

static void
run(struct io *io, struct conn *c, const struct words *w, struct slice line)
{
	uint64_t wait = take_tokens(io, c, w->command->cost);

	/* What was said before is answered before the rate is looked at, and
	 * only the room knows whether it was. */
	if (wait > 0 && !(w->command->stores && w->id.len > 0)) {
		say_limited(io, c, w->id, ERROR_TOO_FAST, LIMIT_LINES, wait,
		    "slower, please");
		return;
	}
	if (w->command->admin && !c->contact.person->admin) {
		conn_error(c, w->id, ERROR_DENIED, "for administrators");
		return;
	}
	switch (w->command->where) {
	case RUN_LOGIN:
		conn_error(c, w->id, ERROR_DENIED, "you have logged in");
		break;
	case RUN_BOTH:
	case RUN_IO:
		here(io, c, w);
		break;
	case RUN_ROOM:
		to_room(io, c, w, line, wait);
		break;
	case RUN_STORE:
		accounting_line(io, c, w, line);
		break;
	case RUN_VISIT:
	case RUN_MAIN:
		to_others(io, c, w, line);
		break;
	}
}

static void
session_line(struct io *io, struct conn *c, struct slice line)
{
	char why[WHY_MAX];
	struct words w;
	uint64_t wait;
	enum error e;

	io_count(io, COUNT_LINES, 1);
	c->lines++;
	if (line.len == 0 || (line.len == 1 && line.at[0] == '\r'))
		return;
	e = vcrp_parse(line, &w, why);
	if (e == ERROR_NONE) {
		run(io, c, &w, line);
		return;
	}
	wait = take_tokens(io, c, 1);
	if (wait == 0)
		conn_error(c, w.id, e, why);
	else
		say_limited(io, c, w.id, ERROR_TOO_FAST, LIMIT_LINES, wait,
		    "slower, please");
}

/* What is there, line by line, as far as it may be asked. */
static struct slice
take_lines(struct io *io, struct conn *c, struct slice rest)
{
	struct slice line, id;
	int rc;

	while (may_ask(c) && (rc = conn_line(c, &rest, &line, &id)) != 0) {
		if (rc > 0) {
			session_line(io, c, line);
			continue;
		}
		io_refused(io, c, LIMIT_LINE);
		c->lines++;
		conn_error(c, id, ERROR_TOO_LONG,
		    "a line has at most 4096 bytes");
	}
	return rest;
}

/* Reads once. False: there is nothing more for now. */
static bool
read_more(struct io *io, struct conn *c, size_t *len)
{
	size_t space = sizeof(io->buf) - *len;
	ssize_t n = conn_recv(c, io->buf + *len, space);

	if (n == -EAGAIN) {
		if (c->readable)
			io_turn(io, c);
		return false;
	}
	if (n < 0) {
		io_close(io, c, END_LOST);
		return false;
	}
	if (n == 0) {
		io_finish(io, c, END_EOF, NULL, false);
		return false;
	}
	*len += (size_t)n;
	io->passed += (uint64_t)n;
	io_count(io, COUNT_BYTES_IN, (uint64_t)n);
	io_active(io, c);
	return true;
}

void
session_input(struct io *io, struct conn *c)
{
	size_t len = c->in_len, most = len;
	struct slice rest;

	if (!may_ask(c))
		return;
	if (len > 0)
		memcpy(io->buf, c->in, len);
	rest = take_lines(io, c, (struct slice){ io->buf, len });
	if (may_ask(c) && c->readable) {
		memmove(io->buf, rest.at, rest.len);
		len = rest.len;
		if (read_more(io, c, &len))
			io_turn(io, c);
		most = len > most ? len : most;
		rest = take_lines(io, c, (struct slice){ io->buf, len });
	}
	if (c->fd >= 0 && (rest.len > 0 || c->in_len > 0))
		conn_keep(c, rest.at, rest.len);
	/* A new password may have been in it. */
	sodium_memzero(io->buf, most);
}

bool
session_datagram(struct io *io, struct conn *c, struct slice lines)
{
	size_t kept = c->in_len;

	/* Empty lines at the end are no more than their length. */
	while (lines.len > 1 && lines.at[lines.len - 2] == '\n')
		lines.len--;
	if (kept == 0)
		lines = take_lines(io, c, lines);
	io_turn(io, c);
	if (lines.len == 0 || c->fd < 0 || c->end != END_NONE)
		return true;
	if (kept + lines.len > INPUT_BYTES)
		return false;
	if (kept > 0)
		memcpy(io->buf, c->in, kept);
	memcpy(io->buf + kept, lines.at, lines.len);
	conn_keep(c, io->buf, kept + lines.len);
	sodium_memzero(io->buf, kept + lines.len);
	return true;
}
