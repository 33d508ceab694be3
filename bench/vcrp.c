/* vcrp.c -- VCRP: who sees a line first has it examined, others are compared
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "account.h"
#include "link.h"
#include "member.h"
#include "protocol.h"
#include "words.h"

static void
keep(struct member *m, const char *data, size_t len)
{
	m->rest = must(realloc(m->rest, m->rest_len + len));
	memcpy(m->rest + m->rest_len, data, len);
	m->rest_len += len;
}

/* Ends its comparing with the record: from here on its lines are looked at one
 * by one, until one is recorded. What it had of a begun line is kept. */
static void
detach(struct member *m)
{
	struct record *r = &m->room->said;
	uint64_t begin;

	if (!m->attached)
		return;
	m->attached = false;
	begin = record_begin(r, m->next);
	if (m->at == begin)
		return;
	assert(m->rest_len == 0);
	m->rest_len = m->at - begin;
	m->rest = must(malloc(m->rest_len));
	record_copy(r, begin, m->at, m->rest);
}

/* The lowest number that a member of the room still has to compare. */
static uint64_t
lowest_needed(const struct room *room)
{
	uint64_t lowest = room->said.next;

	for (struct member *m = room->members; m != NULL; m = m->next_in_room)
		if ((m->attached || m->catching) && m->next < lowest)
			lowest = m->next;
	return lowest > room->said.first ? lowest : room->said.first;
}

/* Makes place for a line. When the record is as large as it may be and
 * somebody is still far behind, half of it is forgotten: those behind are then
 * checked by their numbers alone until they have caught up. */
static void
make_place(struct room *room, size_t len)
{
	struct record *r = &room->said;

	if (record_fits(r, len))
		return;
	record_trim(r, lowest_needed(room));
	/* To look for the lowest again and again would cost more than memory.
	 */
	if (r->next - r->first < r->slots / 2 &&
	    record_fits(r, len + r->size / 2))
		return;
	if (record_grow(r) && record_fits(r, len))
		return;
	while (!record_fits(r, len)) {
		uint64_t half = r->first + (r->next - r->first + 1) / 2;

		for (struct member *m = room->members; m != NULL;
		     m = m->next_in_room)
			if (m->attached && m->next < half)
				detach(m);
		record_trim(r, half);
	}
}

/* One numbered line has reached one member. */
static void
delivered(
    struct load *l, struct member *m, const struct said *said, uint64_t now)
{
	l->lines++;
	if (said->by == m && said->number > m->voice->acked)
		m->voice->acked = said->number;
	if (m->slow)
		l->slow_lines++;
	else if (said->by != NULL && m->next % l->opt->sample == 0)
		member_delay(l, m, now - said->sent);
	m->next++;
}

/* The text of a message of this run tells who sent it; NULL: another's. */
static struct member *
speaker(struct load *l, struct words *w, struct word name, uint64_t *number_r)
{
	struct voice *v;
	uint64_t index;

	if (w->at >= w->end || *w->at < '0' || *w->at > '9')
		return NULL;
	index = word_number(w);
	*number_r = word_number(w);
	if (index >= l->count)
		return NULL;
	v = l->members[index].voice;
	if (v == NULL || v->name_len != name.len ||
	    memcmp(v->name, name.at, name.len) != 0)
		return NULL;
	return &l->members[index];
}

static bool
text_is_whole(
    struct load *l, const char *text, const char *end, struct words *w)
{
	size_t head = w->at - text, len = end - text;
	size_t want = l->opt->bytes > head ? l->opt->bytes : head;

	return len == want && memcmp(w->at, l->pad, len - head) == 0;
}

/* Examines a line that nobody has received before, and records it. */
static void
first_seen(struct load *l, struct member *m, const char *line, size_t len,
    bool is_msg, struct words *w)
{
	struct member *by = NULL;
	uint64_t number = 0, sent = 0;
	struct word name;
	const char *text;

	word_next(w);
	name = word_next(w);
	text = w->at;
	if (is_msg)
		by = speaker(l, w, name, &number);
	if (by != NULL) {
		struct voice *v = by->voice;

		if (!text_is_whole(l, text, line + len - 1, w))
			load_fault(l, m, "text cut or changed: %.*s",
			    (int)(len - 1), line);
		if (number > v->sent || (number != v->seen + 1 && l->gaps == 0))
			load_fault(l, m,
			    "message %" PRIu64 " of %.*s follows"
			    " its %" PRIu64,
			    number, (int)name.len, name.at, v->seen);
		v->seen = number;
		sent = v->when[number & (v->slots - 1)];
	} else {
		l->others++;
	}
	make_place(m->room, len);
	record_append(&m->room->said, line, len,
	    &(struct said){ .sent = sent, .by = by, .number = number });
}

/* A line whose number is not recorded any more: only its number and its own
 * speaker can be told. */
static void
long_forgotten(struct load *l, struct member *m, bool is_msg, struct words *w)
{
	uint64_t number = 0;
	struct word name;

	word_next(w);
	name = word_next(w);
	if (is_msg && speaker(l, w, name, &number) == m &&
	    number > m->voice->acked)
		m->voice->acked = number;
	l->lines++;
	if (m->slow)
		l->slow_lines++;
	m->next++;
}

/* A GAP went beyond what is recorded: from here on it is another record. */
static void
start_over(struct room *room, uint64_t number)
{
	for (struct member *m = room->members; m != NULL; m = m->next_in_room)
		detach(m);
	record_restart(&room->said, number);
}

static void
numbered(struct load *l, struct member *m, const char *line, size_t len,
    bool is_msg, struct words *w)
{
	struct record *r = &m->room->said;
	uint64_t number = word_number(w);

	if (number != m->next) {
		load_fault(l, m,
		    "%s: %" PRIu64 " came where %" PRIu64 " was due",
		    number > m->next ? "hole" : "double", number, m->next);
		m->attached = false;
		m->next = number;
	}
	if (number < r->first && r->next > r->first) {
		long_forgotten(l, m, is_msg, w);
		return;
	}
	/* Numbers beyond the record follow a GAP, or are the room's first. */
	if (number > r->next || r->next == r->first)
		start_over(m->room, number);
	if (number == r->next)
		first_seen(l, m, line, len, is_msg, w);
	else if (record_line(r, number)->end - record_begin(r, number) != len ||
	    record_match(r, record_begin(r, number), line, len) != len)
		load_fault(l, m, "differs from what others received: %.*s",
		    (int)(len - 1), line);
	m->at = record_line(r, number)->end;
	m->attached = true;
	delivered(l, m, record_line(r, number), l->now);
}

static void
gap(struct load *l, struct member *m, struct words *w)
{
	uint64_t from = word_number(w), to = word_number(w);

	if (from == 0 || to < from || from > m->next) {
		load_fault(l, m,
		    "GAP %" PRIu64 " %" PRIu64 " where %" PRIu64 " was due",
		    from, to, m->next);
		return;
	}
	l->gaps++;
	m->gaps++;
	m->attached = false;
	if (to < m->next)
		return;
	m->missed += to + 1 - m->next;
	l->missed += to + 1 - m->next;
	m->next = to + 1;
	/* Which of its own were among them nobody can say any more. */
	if (m->voice != NULL)
		m->voice->acked = m->voice->sent;
}

/* Joins anew, behind the last line that it has. */
static size_t
join(const struct member *m, char *out_r)
{
	size_t len = sprintf(out_r, "JOIN %s", m->room->name);

	if (m->resumes && m->next > 0)
		len += sprintf(out_r + len, " %" PRIu64, m->next - 1);
	out_r[len++] = '\n';
	return len;
}

static void
left(struct load *l, struct member *m)
{
	char out[SAID_MAX];

	m->state = ENTERING;
	m->begun = l->now;
	l->inside--;
	l->under_way++;
	link_send(l, m, out, join(m, out));
}

static void
known(struct load *l, struct member *m)
{
	char out[SAID_MAX];

	account_proved(l, m);
	if (m->room == NULL)
		member_entered(l, m);
	else
		link_send(l, m, out, join(m, out));
}

static void
answered(struct load *l, struct member *m, struct words *w)
{
	struct word what = word_next(w);

	if (word_is(what, "HELLO") && m->room == NULL)
		member_entered(l, m);
	if (word_is(what, "AUTH"))
		known(l, m);
	if (word_is(what, "SAY"))
		l->repeats++;
	if (word_is(what, "LEAVE"))
		left(l, m);
	if (!word_is(what, "JOIN") || m->room == NULL || m->state == INSIDE)
		return;
	word_next(w);
	m->last = word_number(w);
	if (m->resumes && m->next > m->last + 1)
		load_fault(l, m, "the room is at %" PRIu64 ", behind %" PRIu64,
		    m->last, m->next - 1);
	if (!m->resumes || m->next == 0)
		m->next = m->last + 1;
	member_entered(l, m);
}

static void
refused(struct load *l, struct member *m, const char *line, size_t len)
{
	l->errors++;
	load_fault(l, m, "%.*s", (int)(len - 1), line);
	if (m->state == ENTERING)
		m->bye = true;
}

static void
outside(struct load *l, struct member *m, struct word verb, const char *line,
    size_t len)
{
	if (!word_is(verb, "ROOM"))
		load_fault(
		    l, m, "not being in the room: %.*s", (int)(len - 1), line);
}

static void
one_line(struct load *l, struct member *m, const char *line, size_t len)
{
	struct words w;
	struct word attrs, verb, room;

	verb = words_begin(&w, line, len - 1, &attrs);
	if (word_is(verb, "OK")) {
		answered(l, m, &w);
	} else if (word_is(verb, "AUTH")) {
		account_challenged(l, m, &w);
	} else if (word_is(verb, "ERR")) {
		refused(l, m, line, len);
	} else if (word_is(verb, "BYE")) {
		m->bye = true;
		if (l->byes++ == 0)
			l->first_bye = now_ns();
	} else if (word_is(verb, "PONG")) {
		l->pongs++;
		m->pongs++;
	} else if (word_is(verb, "PING")) {
		link_send(l, m, "PONG\n", 5);
	} else if (word_is(verb, "NOTICE") || word_is(verb, "VCRP")) {
		l->notices++;
	} else {
		room = word_next(&w);
		if (m->room == NULL || room.len != m->room->name_len ||
		    memcmp(room.at, m->room->name, room.len) != 0)
			return;
		if (m->state != INSIDE)
			outside(l, m, verb, line, len);
		else if (word_is(verb, "GAP"))
			gap(l, m, &w);
		else if (word_is(verb, "MSG"))
			numbered(l, m, line, len, true, &w);
		else if (word_is(verb, "SET") || word_is(verb, "ROLE") ||
		    word_is(verb, "EDIT") || word_is(verb, "DELETE") ||
		    word_is(verb, "REACT"))
			numbered(l, m, line, len, false, &w);
		else
			l->ephemeral++;
	}
}

/* Compares what it can in one go; the rest is not recorded yet, or is a line
 * without a number. */
static size_t
compare(struct load *l, struct member *m, const char *data, size_t len)
{
	struct record *r = &m->room->said;
	size_t same = record_match(r, m->at, data, len);

	m->at += same;
	while (m->next < r->next && record_line(r, m->next)->end <= m->at)
		delivered(l, m, record_line(r, m->next), l->now);
	return same;
}

static void
kept_line(struct load *l, struct member *m)
{
	size_t len = m->rest_len;

	m->rest_len = 0;
	one_line(l, m, m->rest, len);
}

static void
take(struct load *l, struct member *m, char *data, size_t len)
{
	const char *end = data + len, *lf;

	while (data < end) {
		if (m->attached && m->rest_len == 0)
			data += compare(l, m, data, end - data);
		if (data == end)
			break;
		/* Whatever was like a recorded line's begin is a line's. */
		detach(m);
		lf = memchr(data, '\n', end - data);
		len = (lf != NULL ? lf + 1 : end) - data;
		if (lf == NULL || m->rest_len > 0)
			keep(m, data, len);
		if (lf == NULL)
			break;
		if (m->rest_len > 0)
			kept_line(l, m);
		else
			one_line(l, m, data, len);
		data += len;
	}
	if (m->catching && m->state == INSIDE && m->next > m->last) {
		m->catching = false;
		histogram_add(&l->resume, l->now - m->begun);
	}
}

static unsigned
behind(const struct load *l)
{
	unsigned count = 0;

	for (unsigned i = 0; i < l->count; i++) {
		const struct member *m = &l->members[i];

		count += !m->stopped && m->next < m->room->said.next &&
		    m->room->said.next > m->room->said.first;
	}
	return count;
}

static size_t
hello(const struct load *l, const struct member *m, char *out_r)
{
	unsigned i = load_index(l, m);
	size_t len = 0;

	if (m->login != NULL)
		return account_begin(l, m, out_r);
	/* Only with a key it is the same guest that comes back. */
	if (m->resumes || l->opt->keys)
		len = sprintf(out_r, "@key=key-of-bench-%022u ", i);
	len +=
	    sprintf(out_r + len, "HELLO %s%u-%u\n", l->opt->nick, l->round, i);
	if (m->room != NULL)
		len += join(m, out_r + len);
	return len;
}

static size_t
head(const struct load *l, const struct member *m, char *out_r)
{
	(void)l;
	return sprintf(out_r, "SAY %s ", m->room->name);
}

static size_t
leave(const struct load *l, const struct member *m, char *out_r)
{
	(void)l;
	return sprintf(out_r, "LEAVE %s\n", m->room->name);
}

const struct protocol vcrp_protocol = {
	.name = "vcrp",
	.port = "3073",
	.tail = "\n",
	.ping = "PING\n",
	.ping_len = 5,
	.nick_max = 20,
	.bytes_max = TEXT_MAX_BYTES,
	.echo = true,
	.hello = hello,
	.leave = leave,
	.head = head,
	.take = take,
	.behind = behind,
};
