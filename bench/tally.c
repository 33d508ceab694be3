/* tally.c -- checks what members receive, sender by sender
 *
 * SPDX-License-Identifier: MIT
 *
 * This runs once for each delivery, and must cost far less than one costs the
 * server: it parses in place, allocates nothing, and looks at the clock once
 * for each read. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "member.h"
#include "protocol.h"
#include "tally.h"

/* A number and the blank behind it; false if there is none. */
static inline bool
take_number(const char **at, const char *end, uint64_t *value_r)
{
	const char *p = *at;
	uint64_t value = 0;

	for (; p < end && (unsigned)(*p - '0') < 10; p++)
		value = value * 10 + (*p - '0');
	if (p == *at || p == end || *p != ' ' || p - *at > 18)
		return false;
	*at = p + 1;
	*value_r = value;
	return true;
}

/* A time whose place is taken again by a later message is lost. */
static inline void
time_it(struct load *l, const struct member *m, const struct voice *v,
    uint64_t number)
{
	if (v->sent - number >= v->slots)
		l->untimed++;
	else
		member_delay(l, m, l->now - v->when[number & (v->slots - 1)]);
}

static void
in_turn(struct load *l, struct member *m, struct member *by, uint64_t number)
{
	unsigned place = by->place;

	if (m->heard == NULL)
		m->heard = must(calloc(m->room->speakers, sizeof(*m->heard)));
	if (number != m->heard[place] + 1)
		load_fault(l, m,
		    "%s: message %" PRIu64 " of member %u where its %" PRIu64
		    " was due",
		    number > m->heard[place] ? "hole" : "double or late",
		    number, load_index(l, by), m->heard[place] + 1);
	m->heard[place] = number;
}

static void
message(struct load *l, struct member *m, const struct frame *f)
{
	const char *at = f->text, *end = at + f->text_len;
	uint64_t index, number;
	struct member *by;

	if (m->room == NULL || m->state != INSIDE ||
	    f->room_len != m->room->name_len ||
	    memcmp(f->room, m->room->name, f->room_len) != 0 ||
	    !take_number(&at, end, &index) || !take_number(&at, end, &number) ||
	    index >= l->count || l->members[index].voice == NULL ||
	    l->members[index].room != m->room) {
		load_fault(l, m, "not a message of its room: %.*s",
		    (int)f->text_len, f->text);
		return;
	}
	by = &l->members[index];
	if (f->text_len != l->opt->bytes || memcmp(at, l->pad, end - at) != 0)
		load_fault(l, m, "text cut or changed: %.*s", (int)f->text_len,
		    f->text);
	in_turn(l, m, by, number);
	if (number > by->voice->sent) {
		load_fault(l, m, "message %" PRIu64 " was never sent", number);
		return;
	}
	l->lines++;
	if (by == m->acks && number > by->voice->acked)
		by->voice->acked = by->voice->seen = number;
	/* Not the same messages of all, of whom each may say few. */
	if ((number + by->place) % l->opt->sample == 0)
		time_it(l, m, by->voice, number);
}

static void
refused(struct load *l, struct member *m, const struct frame *f)
{
	l->errors++;
	load_fault(l, m, "%.*s", (int)f->text_len, f->text);
	if (m->state == ENTERING)
		m->bye = true;
}

static void
welcome(struct load *l, struct member *m)
{
	char out[SAID_MAX];

	size_t len = 0;

	if (m->state != ENTERING)
		return;
	if (l->protocol->join != NULL)
		len = l->protocol->join(l, m, out);
	if (len > 0)
		link_send(l, m, out, len);
	else if (m->room == NULL)
		member_entered(l, m);
}

static void
one_frame(struct load *l, struct member *m, const struct frame *f)
{
	char out[SAID_MAX];

	switch (f->kind) {
	case FRAME_MESSAGE:
		message(l, m, f);
		break;
	case FRAME_WELCOME:
		welcome(l, m);
		break;
	case FRAME_PONG:
		if (m->state == INSIDE) {
			l->pongs++;
			m->pongs++;
			break;
		}
		/* fall through */
	case FRAME_ENTERED:
		if (m->state == ENTERING)
			member_entered(l, m);
		break;
	case FRAME_PING:
		link_send(l, m, out, l->protocol->pong(f, out));
		break;
	case FRAME_REFUSED:
		refused(l, m, f);
		break;
	case FRAME_IGNORED:
		break;
	}
}

/* The begun frame goes before the bytes that continue it, where there is
 * place for it. */
void
tally_take(struct load *l, struct member *m, char *data, size_t len)
{
	char *end = data + len;
	struct frame f;

	if (m->rest_len > 0)
		memcpy(data -= m->rest_len, m->rest, m->rest_len);
	free(m->rest);
	m->rest = NULL;
	m->rest_len = 0;
	for (; data < end; data += len) {
		f = (struct frame){ .kind = FRAME_IGNORED };
		len = l->protocol->find(data, end - data, &f);
		if (len == 0)
			break;
		one_frame(l, m, &f);
	}
	if (data == end)
		return;
	if (end - data > INPUT_HEAD) {
		load_fault(l, m, "a frame of over %u bytes", INPUT_HEAD);
		return;
	}
	m->rest_len = end - data;
	m->rest = must(malloc(m->rest_len));
	memcpy(m->rest, data, m->rest_len);
}

static bool
is_behind(const struct load *l, const struct member *m)
{
	for (const struct member *by = m->room->members; by != NULL;
	     by = by->next_in_room) {
		uint64_t heard = 0;

		if (by->voice == NULL || (by == m && !l->protocol->echo))
			continue;
		if (m->heard != NULL)
			heard = m->heard[by->place];
		if (heard != by->voice->sent)
			return true;
	}
	return false;
}

unsigned
tally_behind(const struct load *l)
{
	unsigned count = 0;

	for (unsigned i = 0; i < l->count; i++)
		count += is_behind(l, &l->members[i]);
	return count;
}
