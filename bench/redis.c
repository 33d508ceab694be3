/* redis.c -- Redis publish and subscribe, by RESP3
 *
 * SPDX-License-Identifier: MIT
 *
 * Only RESP3 lets a connection publish while it is subscribed. */
#include <stdio.h>
#include <string.h>

#include "protocol.h"
#include "tally.h"
#include "words.h"

/* Replies hold others within them; none that is of interest does so deeply. */
#define DEPTH_MAX 8

static size_t
hello(const struct load *l, const struct member *m, char *out_r)
{
	size_t len = sprintf(out_r, "HELLO 3\r\n");

	(void)l;
	if (m->room != NULL)
		len += sprintf(out_r + len, "SUBSCRIBE %s\r\n", m->room->name);
	return len;
}

static size_t
head(const struct load *l, const struct member *m, char *out_r)
{
	return sprintf(out_r, "*3\r\n$7\r\nPUBLISH\r\n$%zu\r\n%s\r\n$%u\r\n",
	    m->room->name_len, m->room->name, l->opt->bytes);
}

/* `$length`, then the bytes; NULL if it is not whole, or is none. */
static const char *
bulk(const char *at, const char *end, const char **text_r, size_t *len_r)
{
	size_t len = 0;

	if (at == end || *at++ != '$')
		return NULL;
	while (at < end && (unsigned)(*at - '0') < 10)
		len = len * 10 + (*at++ - '0');
	if (end - at < 4 || len > (size_t)(end - at) - 4)
		return NULL;
	*text_r = at + 2;
	*len_r = len;
	return at + 4 + len;
}

/* The end of one value, whatever is in it; NULL if it is not whole. */
static const char *
skip(const char *at, const char *end, unsigned depth)
{
	const char *lf = memchr(at, '\n', end - at);
	struct words w = { at + 1, lf - 1 };
	char type = *at;
	uint64_t count;

	if (lf == NULL || depth == 0)
		return NULL;
	count = word_number(&w);
	at = lf + 1;
	if (type == '$' || type == '=')
		return (uint64_t)(end - at) >= count + 2 ? at + count + 2
							 : NULL;
	if (type == '%')
		count *= 2;
	if (type != '*' && type != '%' && type != '>' && type != '~')
		return at;
	while (count-- > 0 && at != NULL)
		at = at < end ? skip(at, end, depth - 1) : NULL;
	return at;
}

/* `>3`, `message`, the channel, the text. */
static size_t
find_message(const char *data, const char *at, const char *end, struct frame *f)
{
	at = bulk(at, end, &f->room, &f->room_len);
	if (at == NULL)
		return 0;
	at = bulk(at, end, &f->text, &f->text_len);
	f->kind = FRAME_MESSAGE;
	return at != NULL ? at - data : 0;
}

static size_t
find(const char *data, size_t len, struct frame *f_r)
{
	static const char message[] = ">3\r\n$7\r\nmessage\r\n";
	const char *end = data + len, *next;

	if (begins_with(data, len, message))
		return find_message(data, data + sizeof(message) - 1, end, f_r);
	next = skip(data, end, DEPTH_MAX);
	if (next == NULL)
		return 0;
	f_r->text = data;
	f_r->text_len = next - data;
	if (*data == '%')
		f_r->kind = FRAME_WELCOME;
	else if (*data == '-' || *data == '!')
		f_r->kind = FRAME_REFUSED;
	else if (begins_with(data, len, ">3\r\n$9\r\nsubscribe\r\n"))
		f_r->kind = FRAME_ENTERED;
	else if (begins_with(data, len, "+PONG"))
		f_r->kind = FRAME_PONG;
	return next - data;
}

const struct protocol redis_protocol = {
	.name = "redis",
	.port = "6379",
	.tail = "\r\n",
	.ping = "PING\r\n",
	.ping_len = 6,
	.nick_max = 20,
	.bytes_max = TEXT_MAX_BYTES,
	.echo = true,
	.hello = hello,
	.head = head,
	.take = tally_take,
	.behind = tally_behind,
	.find = find,
};
