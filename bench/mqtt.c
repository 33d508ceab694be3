/* mqtt.c -- MQTT 3.1.1, all with QoS 0
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "protocol.h"
#include "tally.h"

/* Packet types, in the upper half of the first byte. */
enum { CONNECT = 1, CONNACK, PUBLISH, SUBSCRIBE = 8, SUBACK, PINGRESP = 13 };

#define CLEAN_SESSION 2
#define FLAGS_OF_SUBSCRIBE 2

static size_t
put_string(char *to, const char *text, size_t len)
{
	to[0] = len >> 8;
	to[1] = len;
	memcpy(to + 2, text, len);
	return 2 + len;
}

/* The first byte and the length of what is left, seven bits a byte. */
static size_t
put_begin(char *to, unsigned type, unsigned flags, size_t rest)
{
	size_t len = 0;

	to[len++] = type << 4 | flags;
	do
		to[len++] = (rest & 127) | (rest > 127 ? 128 : 0);
	while ((rest >>= 7) > 0);
	return len;
}

static size_t
connect_packet(const struct load *l, const struct member *m, char *out_r)
{
	static const char begin[] = { 0, 4, 'M', 'Q', 'T', 'T', 4,
		CLEAN_SESSION, 0, 0 };
	char name[64];
	size_t name_len =
	    sprintf(name, "%s%u-%u", l->opt->nick, l->round, load_index(l, m));
	size_t len = put_begin(out_r, CONNECT, 0, sizeof(begin) + 2 + name_len);

	memcpy(out_r + len, begin, sizeof(begin));
	len += sizeof(begin);
	return len + put_string(out_r + len, name, name_len);
}

static size_t
hello(const struct load *l, const struct member *m, char *out_r)
{
	size_t len = connect_packet(l, m, out_r);

	if (m->room == NULL)
		return len;
	len += put_begin(out_r + len, SUBSCRIBE, FLAGS_OF_SUBSCRIBE,
	    2 + 2 + m->room->name_len + 1);
	out_r[len++] = 0; /* the packet's identifier */
	out_r[len++] = 1;
	len += put_string(out_r + len, m->room->name, m->room->name_len);
	out_r[len++] = 0; /* the QoS */
	return len;
}

static size_t
head(const struct load *l, const struct member *m, char *out_r)
{
	size_t len =
	    put_begin(out_r, PUBLISH, 0, 2 + m->room->name_len + l->opt->bytes);

	return len + put_string(out_r + len, m->room->name, m->room->name_len);
}

static void
refuse(struct frame *f, const char *why)
{
	f->kind = FRAME_REFUSED;
	f->text = why;
	f->text_len = strlen(why);
}

static void
published(const unsigned char *at, size_t len, struct frame *f)
{
	size_t topic = 0;

	if (len >= 2)
		topic = (size_t)at[0] << 8 | at[1];
	if (2 + topic > len) {
		refuse(f, "PUBLISH with too short a topic");
		return;
	}
	f->kind = FRAME_MESSAGE;
	f->room = (const char *)at + 2;
	f->room_len = topic;
	f->text = f->room + topic;
	f->text_len = len - 2 - topic;
}

static void
judge(unsigned first, const unsigned char *at, size_t len, struct frame *f)
{
	switch (first >> 4) {
	case PUBLISH:
		/* A flag would be a QoS, which nobody asked for. */
		if (first & 7)
			refuse(f, "PUBLISH with flags");
		else
			published(at, len, f);
		break;
	case CONNACK:
		f->kind = FRAME_WELCOME;
		if (len != 2 || at[1] != 0)
			refuse(f, "CONNACK refuses");
		break;
	case SUBACK:
		f->kind = FRAME_ENTERED;
		if (len != 3 || at[2] != 0)
			refuse(f, "SUBACK refuses");
		break;
	case PINGRESP:
		f->kind = FRAME_PONG;
		break;
	default:
		refuse(f, "a packet of an unexpected type");
	}
}

static size_t
find(const char *data, size_t len, struct frame *f_r)
{
	const unsigned char *at = (const unsigned char *)data;
	size_t i = 1, rest = 0;

	do {
		if (i == len || i == 5)
			return 0;
		rest |= (size_t)(at[i] & 127) << 7 * (i - 1);
	} while (at[i++] & 128);
	if (len - i < rest)
		return 0;
	judge(at[0], at + i, rest, f_r);
	return i + rest;
}

const struct protocol mqtt_protocol = {
	.name = "mqtt",
	.port = "1883",
	.tail = "",
	.ping = "\xc0\0",
	.ping_len = 2,
	.nick_max = 20,
	.bytes_max = TEXT_MAX_BYTES,
	.echo = true,
	.hello = hello,
	.head = head,
	.take = tally_take,
	.behind = tally_behind,
	.find = find,
};
