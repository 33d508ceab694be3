/* member.c -- one connection: it enters, and says what it may
 *
 * SPDX-License-Identifier: MIT
 *
 * A text is `<member> <number of its message> <padding>`, so whoever receives
 * it knows who said what when, and can tell that nothing of it is cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "link.h"
#include "member.h"
#include "protocol.h"

/* How many times of messages are kept altogether where not only the first to
 * receive one looks at its time. */
#define TIMES_MAX (4u << 20)

void
member_connected(struct load *l, struct member *m)
{
	char out[SAID_MAX];

	size_t len = l->protocol->hello(l, m, out);

	if (len > 0)
		link_send(l, m, out, len);
}

void
member_entered(struct load *l, struct member *m)
{
	m->state = INSIDE;
	l->under_way--;
	l->inside++;
	histogram_add(&l->login, now_ns() - m->begun);
}

void
member_delay(struct load *l, const struct member *m, uint64_t ns)
{
	histogram_add(&l->delivery, ns);
	if (m->room->delays != NULL)
		histogram_add(m->room->delays, ns);
}

void
member_take(struct load *l, struct member *m, char *data, size_t len)
{
	l->protocol->take(l, m, data, len);
	if (m->acks->voice != NULL)
		member_speak(l, m->acks);
}

void
member_ping(struct load *l, struct member *m)
{
	link_send(l, m, l->protocol->ping, l->protocol->ping_len);
}

static size_t
put_number(char *to, uint64_t number)
{
	char digits[20];
	size_t len = 0, at = 0;

	do
		digits[len++] = '0' + number % 10;
	while ((number /= 10) > 0);
	while (len > 0)
		to[at++] = digits[--len];
	return at;
}

static size_t
compose(struct load *l, const struct voice *v, char *line)
{
	size_t len = 0, text;

	if (v->with_id) {
		memcpy(line, v->id, v->id_len);
		len = v->id_len;
		len += put_number(line + len, v->sent);
		line[len++] = ' ';
	}
	memcpy(line + len, v->head, v->head_len);
	len += v->head_len;
	text = v->text_len + put_number(line + len, v->sent) + 1;
	len += text - v->text_len;
	line[len - 1] = ' ';
	memcpy(line + len, l->pad, l->opt->bytes - text);
	len += l->opt->bytes - text;
	memcpy(line + len, v->tail, v->tail_len);
	len += v->tail_len;
	return len;
}

void
member_speak(struct load *l, struct member *m)
{
	struct voice *v = m->voice;
	char lines[65536];
	size_t len = 0;
	uint64_t allowed;

	if (m->out_len > 0 || l->allowed == NULL || m->state != INSIDE)
		return;
	allowed = v->asked ? v->asks : l->allowed(l, m);
	while (v->sent < allowed && v->sent - v->acked < l->opt->window &&
	    len + LINE_MAX_BYTES <= sizeof(lines)) {
		v->sent++;
		l->sent++;
		v->when[v->sent & (v->slots - 1)] = l->due(l, m, v->sent);
		len += compose(l, v, lines + len);
	}
	if (len > 0)
		link_send(l, m, lines, len);
}

void
member_repeat(struct load *l, struct member *m)
{
	char line[LINE_MAX_BYTES];

	link_send(l, m, line, compose(l, m->voice, line));
}

void
member_leave(struct load *l, struct member *m)
{
	char out[SAID_MAX];

	/* It has not caught up until it is told up to where that is. */
	m->last = UINT64_MAX;
	link_send(l, m, out, l->protocol->leave(l, m, out));
}

static void
name_it(struct load *l, struct member *m, struct voice *v)
{
	unsigned i = load_index(l, m);
	char head[SAID_MAX];
	size_t before = l->protocol->head(l, m, head);

	if (!account_name(l, m, v->name, sizeof(v->name)))
		snprintf(v->name, sizeof(v->name), "~%s%u-%u", l->opt->nick,
		    l->round, i);
	v->name_len = strlen(v->name);
	/* Not all of these are texts. */
	memcpy(v->head, head, before);
	v->text_len =
	    snprintf(v->head + before, sizeof(v->head) - before, "%u ", i);
	v->head_len = before + v->text_len;
	v->id_len = snprintf(
	    v->id, sizeof(v->id), "@id=%s%u.%u.", l->opt->nick, l->round, i);
}

/* The tail end of a delay is what counts: so where every receiver looks at the
 * time, as many are kept as there is place for. */
static unsigned
slots_for(const struct load *l)
{
	unsigned slots = 1, wanted = l->opt->window;
	unsigned speakers = l->opt->rooms * l->opt->senders;

	if (l->protocol != &vcrp_protocol)
		wanted += TIMES_MAX / (speakers > 0 ? speakers : l->count);
	while (slots < wanted)
		slots *= 2;
	return slots;
}

void
member_give_voice(struct load *l, struct member *m)
{
	struct voice *v = must(calloc(1, sizeof(*v)));

	m->voice = v;
	if (m->place >= m->room->speakers)
		m->room->speakers = m->place + 1;
	v->tail = l->protocol->tail;
	v->tail_len = strlen(v->tail);
	v->slots = slots_for(l);
	v->when = must(calloc(v->slots, sizeof(*v->when)));
	v->with_id = l->opt->ids || m->resumes;
	name_it(l, m, v);
}
