/* nats.c -- the client protocol of NATS
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "protocol.h"
#include "tally.h"
#include "words.h"

static size_t
hello(const struct load *l, const struct member *m, char *out_r)
{
	(void)l;
	(void)m;
	(void)out_r;
	return 0;
}

static size_t
enter(const struct load *l, const struct member *m, char *out_r)
{
	size_t len = sprintf(
	    out_r, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");

	(void)l;
	if (m->room != NULL)
		len += sprintf(out_r + len, "SUB %s 1\r\n", m->room->name);
	return len + sprintf(out_r + len, "PING\r\n");
}

static size_t
head(const struct load *l, const struct member *m, char *out_r)
{
	return sprintf(out_r, "PUB %s %u\r\n", m->room->name, l->opt->bytes);
}

/* `MSG subject sid [reply-to] bytes`, then the bytes. */
static size_t
find_message(const char *data, size_t len, const char *lf, struct frame *f)
{
	struct words w = { data + 4, lf - 1 };
	struct word subject = word_next(&w);
	size_t line = lf + 1 - data;

	word_next(&w);
	f->room = subject.at;
	f->room_len = subject.len;
	f->text = lf + 1;
	f->text_len = word_number(&w);
	f->kind = FRAME_MESSAGE;
	if (line + f->text_len + 2 > len)
		return 0;
	return line + f->text_len + 2;
}

static size_t
find(const char *data, size_t len, struct frame *f_r)
{
	const char *lf;

	lf = memchr(data, '\n', len);
	if (lf == NULL)
		return 0;
	if (begins_with(data, len, "MSG "))
		return find_message(data, len, lf, f_r);
	f_r->text = data;
	f_r->text_len = lf - data;
	if (begins_with(data, len, "PONG"))
		f_r->kind = FRAME_PONG;
	else if (begins_with(data, len, "PING"))
		f_r->kind = FRAME_PING;
	else if (begins_with(data, len, "INFO"))
		f_r->kind = FRAME_WELCOME;
	else if (!begins_with(data, len, "+OK"))
		f_r->kind = FRAME_REFUSED;
	return lf + 1 - data;
}

static size_t
pong(const struct frame *f, char *out_r)
{
	(void)f;
	return sprintf(out_r, "PONG\r\n");
}

const struct protocol nats_protocol = {
	.name = "nats",
	.port = "4222",
	.tail = "\r\n",
	.ping = "PING\r\n",
	.ping_len = 6,
	.nick_max = 20,
	.bytes_max = TEXT_MAX_BYTES,
	.echo = true,
	.hello = hello,
	.join = enter,
	.head = head,
	.take = tally_take,
	.behind = tally_behind,
	.find = find,
	.pong = pong,
};
