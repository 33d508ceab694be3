/* fake_io.c -- what an io thread does with its mail, done by a test
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "fake_io.h"
#include "proto/event.h"
#include "proto/mail.h"
#include "room/marks.h"

static struct guy *
find_guy(const struct fake *f, uint64_t conn)
{
	for (struct link *l = f->people.next; l != &f->people; l = l->next) {
		struct guy *g = list_entry(l, struct guy, link);

		if (g->contact.conn == conn)
			return g;
	}
	return NULL;
}

/* The line, with its time by FAKE_WALL. */
static void
hear_event(struct guy *g, struct slice line)
{
	char time[32];
	struct slice verb;
	struct event e;
	const char *at;
	int len;

	if (!event_parse(line, &e, &verb)) {
		blob_add(&g->heard, line);
		return;
	}
	len = snprintf(time, sizeof(time), " %" PRIu64 " ", e.time);
	at = memmem(line.at, line.len, time, (size_t)len);
	assert(at != NULL);
	blob_add(&g->heard, (struct slice){ line.at,
	    (size_t)(at - line.at) });
	if (e.time == FAKE_WALL)
		blob_printf(&g->heard, " T ");
	else
		blob_printf(&g->heard, " T%+" PRId64 " ",
		    (int64_t)(e.time - FAKE_WALL));
	at += len;
	blob_add(&g->heard, (struct slice){ at,
	    (size_t)(line.at + line.len - at) });
}

static void
hear(struct guy *g, struct blob **b)
{
	if (*b != NULL)
		blob_add(&g->heard, (struct slice){ (*b)->data, (*b)->len });
	blob_unref(b);
}

/* The log has what comes next: a slice of it is asked for. */
static void
ask_log(struct guy *g, struct reading *r)
{
	r->member->asking = true;
	archives_read(g->fake->registry->archives, r);
}

static void
replay(struct guy *g, struct member *m, uint64_t from)
{
	struct reading *r = xcalloc(1, sizeof(*r));

	assert(!m->asking && m->chunk == NULL);
	r->mail.kind = MAIL_READ;
	r->back = g->fake->box_at[g->contact.io];
	r->member = m;
	r->room = m->feed->room;
	r->next = from;
	r->most = 4096;
	g->cursor = from - 1;
	ask_log(g, r);
}

static void
attach(struct guy *g, struct member *m, struct place *p)
{
	g->member = m;
	if (p->log > 0) {
		chunk_unref(&m->chunk);
		blob_unref(&g->then);
		replay(g, m, p->log);
		return;
	}
	g->cursor = 0;
	chunk_unref(&m->chunk);
	blob_unref(&g->then);
	m->chunk = p->chunk;
	m->off = p->off;
	g->live = p->live;
	g->then = p->then;
	m->until = UINT64_MAX;
	p->chunk = NULL;
	p->then = NULL;
	hear(g, &p->first);
}

static void
free_member(struct member *m)
{
	chunk_unref(&m->chunk);
	free(m);
}

static uint64_t
position(const struct member *m)
{
	return m->chunk->start + m->off;
}

static void
hear_line(struct guy *g, struct slice line)
{
	uint64_t number = event_number(line), end = event_gap_end(line);

	if (number == 0 && g->member->chunk != NULL &&
	    position(g->member) < g->live)
		return;
	if (number > 0 && g->cursor > 0 && number != g->cursor + 1)
		g->fake->holes++;
	if (number > 0)
		g->cursor = end > 0 ? end : number;
	hear_event(g, line);
}

void
fake_ask(struct fake *f, struct move *move)
{
	move->member->asking = true;
	mailbox_send(&move->member->feed->room->inbox, &move->mail);
	f->more = true;
}

/* What an io thread does with a member whose place the window has passed. */
static bool
has_place(struct guy *g)
{
	struct member *m = g->member;
	struct move *move;

	if (m->asking)
		return false;
	if (m->chunk != NULL && position(m) >=
	    stream_start(&m->feed->room->stream))
		return true;
	chunk_unref(&m->chunk);
	blob_unref(&g->then);
	move = move_new(m, MAIL_AGAIN);
	move->next = g->cursor + 1;
	fake_ask(g->fake, move);
	return false;
}

/* Reads on to the end, or to `until`. */
void
fake_read(struct guy *g)
{
	struct member *m = g->member;

	if (m == NULL || g->stopped || !has_place(g))
		return;
	for (;;) {
		struct chunk *c = m->chunk;
		uint32_t ready = chunk_ready(&c, &m->off);
		const char *at, *end;

		if (c != m->chunk) {
			chunk_ref(c);
			chunk_unref(&m->chunk);
			m->chunk = c;
		}
		if (position(m) >= g->live)
			hear(g, &g->then);
		if (ready == 0 || position(m) >= m->until)
			return;
		at = c->data + m->off;
		end = memchr(at, '\n', ready);
		assert(end != NULL);
		hear_line(g, (struct slice){ at, (size_t)(end + 1 - at) });
		m->off += (uint32_t)(end + 1 - at);
	}
}

static void
take_answer(struct fake *f, struct request *r)
{
	struct guy *g = find_guy(f, r->conn_id);

	assert(g != NULL && g->under_way > 0);
	g->under_way--;
	g->moving = g->moving && g->under_way > 0;
	if (f->answered != NULL)
		f->answered(g, r);
	hear(g, &r->list);
	hear(g, &r->reply);
	if (r->place.chunk != NULL || r->place.log > 0)
		attach(g, r->member, &r->place);
	request_free(NULL, &r);
}

static void
take_end(struct fake *f, struct move *move)
{
	struct member *m = move->member;
	struct guy *g = find_guy(f, m->conn_id);

	if (g != NULL) {
		m->until = atomic_load(&m->end_at);
		if (!move->thrown)
			fake_read(g);
		if (move->words != NULL)
			hear_event(g, (struct slice){ move->words->data,
			    move->words->len });
		blob_unref(&g->then);
		g->member = NULL;
	}
	move_free(&move);
	if (m->asking)
		m->gone = true;
	else
		free_member(m);
}

static void
take_again(struct fake *f, struct move *move)
{
	struct member *m = move->member;
	struct place *p = &move->place;
	struct guy *g = find_guy(f, m->conn_id);
	uint64_t cursor = 0;

	m->asking = false;
	if (m->gone) {
		move_free(&move);
		free_member(m);
		return;
	}
	/* It goes on at the very next, unless it is told otherwise. */
	if (p->first == NULL)
		cursor = g->cursor;
	if (p->chunk != NULL || p->log > 0)
		attach(g, m, p);
	g->cursor = cursor;
	move_free(&move);
}

static void
hear_slice(struct guy *g, struct slice rest)
{
	while (rest.len > 0) {
		const char *lf = memchr(rest.at, '\n', rest.len);
		size_t len = (size_t)(lf + 1 - rest.at);

		hear_line(g, (struct slice){ rest.at, len });
		rest.at += len;
		rest.len -= len;
	}
}

/* A slice, or that the log has no more. */
static void
take_slice(struct fake *f, struct reading *r)
{
	struct member *m = r->member;
	struct guy *g = find_guy(f, m->conn_id);
	struct move *move;

	m->asking = false;
	if (r->bytes != NULL && !m->gone) {
		hear_slice(g, (struct slice){ r->bytes->data,
		    r->bytes->len });
		blob_unref(&r->bytes);
		ask_log(g, r);
		return;
	}
	move = move_new(m, MAIL_AGAIN);
	move->next = r->next;
	move->no_log = r->failure != 0;
	blob_unref(&r->bytes);
	free(r);
	if (!m->gone) {
		fake_ask(f, move);
		return;
	}
	move_free(&move);
	free_member(m);
}

static void
take_attach(struct fake *f, struct move *move)
{
	struct member *m = move->member;
	struct guy *g = find_guy(f, m->conn_id);

	assert(g != NULL && g->member == NULL);
	attach(g, m, &move->place);
	move_free(&move);
}

static void
take_detached(struct move *move)
{
	free_member(move->member);
	move_free(&move);
}

static void
take_telling(struct fake *f, struct telling *t)
{
	struct guy *g = find_guy(f, t->conn);

	if (g != NULL)
		blob_add(&g->heard,
		    (struct slice){ t->line->data, t->line->len });
	blob_unref(&t->line);
	free(t);
}

static void
take_mail(struct fake *f, struct mail *m)
{
	switch (m->kind) {
	case MAIL_REQUEST:
		take_answer(f, table_entry(m, struct request, mail));
		break;
	case MAIL_DETACH:
		take_detached(table_entry(m, struct move, mail));
		break;
	case MAIL_AGAIN:
		take_again(f, table_entry(m, struct move, mail));
		break;
	case MAIL_READ:
		take_slice(f, table_entry(m, struct reading, mail));
		break;
	case MAIL_ATTACH:
		take_attach(f, table_entry(m, struct move, mail));
		break;
	case MAIL_END:
		take_end(f, table_entry(m, struct move, mail));
		break;
	case MAIL_FEED:
		f->feeds++;
		atomic_store(&table_entry(m, struct feed, more)->dirty,
		    false);
		break;
	case MAIL_SPACE:
		f->spaces++;
		table_entry(m, struct feed, space)->waiting = false;
		break;
	case MAIL_EVICT:
		table_entry(m, struct guy, contact.evict)->evicted = true;
		break;
	case MAIL_TELL:
		take_telling(f, table_entry(m, struct telling, mail));
		break;
	default:
		assert(m->kind == MAIL_CONN);
	}
}

void
fake_take_all(struct fake *f)
{
	for (int i = 0; i < FAKE_IOS; i++) {
		struct mail *waiters, *next;
		struct mail *m = mailbox_take(&f->boxes[i], &waiters);

		for (; m != NULL; m = next) {
			next = m->next;
			take_mail(f, m);
		}
	}
}
