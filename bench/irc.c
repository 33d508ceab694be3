/* irc.c -- IRC, as RFC 1459 and 2812 have it
 *
 * SPDX-License-Identifier: MIT
 *
 * A server sends nobody what he says himself. */
#include <stdio.h>
#include <string.h>

#include "protocol.h"
#include "tally.h"
#include "words.h"

/* A line has 512 bytes with all that the server puts before the text. */
#define IRC_TEXT_MAX 384

static size_t
put_base36(char *to, unsigned value, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; value /= 36)
		to[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
	return digits;
}

/* Nine characters are all that some servers take: a letter for the round, for
 * who ended in the last one may not be gone yet, the --nick, which is the
 * process by default, and the member. */
static size_t
put_nick(const struct load *l, const struct member *m, char *to)
{
	size_t len = 0, part = strlen(l->opt->nick);

	to[len++] = 'a' + l->round % 26;
	memcpy(to + len, l->opt->nick, part);
	len += part;
	return len + put_base36(to + len, load_index(l, m), 3);
}

static size_t
hello(const struct load *l, const struct member *m, char *out_r)
{
	size_t len = sprintf(out_r, "NICK ");

	len += put_nick(l, m, out_r + len);
	return len + sprintf(out_r + len, "\r\nUSER load 0 * :load\r\n");
}

static size_t
enter(const struct load *l, const struct member *m, char *out_r)
{
	(void)l;
	if (m->room == NULL)
		return 0;
	return sprintf(out_r, "JOIN #%s\r\n", m->room->name);
}

static size_t
head(const struct load *l, const struct member *m, char *out_r)
{
	(void)l;
	return sprintf(out_r, "PRIVMSG #%s :", m->room->name);
}

/* What follows the verb, without the colon that begins the last parameter. */
static void
rest_of(struct words *w, struct frame *f)
{
	if (w->at < w->end && *w->at == ':')
		w->at++;
	f->text = w->at;
	f->text_len = w->end - w->at;
}

static void
said(struct words *w, struct frame *f)
{
	struct word to = word_next(w);

	f->kind = FRAME_MESSAGE;
	f->room = to.at + 1; /* behind the # */
	f->room_len = to.len - 1;
	if (to.len == 0 || *to.at != '#')
		f->kind = FRAME_IGNORED;
	rest_of(w, f);
}

/* 4xx and 5xx are errors, but for 422, that there is no message of the day. */
static void
numeric(struct word verb, struct words *w, struct frame *f)
{
	if (word_is(verb, "001")) {
		f->kind = FRAME_WELCOME;
	} else if (word_is(verb, "366")) {
		f->kind = FRAME_ENTERED;
	} else if ((*verb.at == '4' || *verb.at == '5') &&
	    !word_is(verb, "422")) {
		f->kind = FRAME_REFUSED;
		f->text = verb.at;
		f->text_len = w->end - verb.at;
	}
}

static void
other(struct word verb, struct words *w, struct frame *f)
{
	if (verb.len == 3 && (unsigned)(*verb.at - '0') < 10) {
		numeric(verb, w, f);
	} else if (word_is(verb, "PING")) {
		f->kind = FRAME_PING;
		rest_of(w, f);
	} else if (word_is(verb, "PONG")) {
		f->kind = FRAME_PONG;
	} else if (word_is(verb, "ERROR") || word_is(verb, "KILL") ||
	    word_is(verb, "KICK")) {
		f->kind = FRAME_REFUSED;
		f->text = verb.at;
		f->text_len = w->end - verb.at;
	}
}

static size_t
find(const char *data, size_t len, struct frame *f_r)
{
	const char *lf = memchr(data, '\n', len);
	struct words w = { data, lf };
	struct word verb;

	if (lf == NULL)
		return 0;
	if (lf > data && lf[-1] == '\r')
		w.end--;
	if (*data == ':')
		word_next(&w);
	verb = word_next(&w);
	if (word_is(verb, "PRIVMSG"))
		said(&w, f_r);
	else
		other(verb, &w, f_r);
	return lf + 1 - data;
}

static size_t
pong(const struct frame *f, char *out_r)
{
	return sprintf(
	    out_r, "PONG :%.*s\r\n", (int)(f->text_len % 400), f->text);
}

const struct protocol irc_protocol = {
	.name = "irc",
	.port = "6667",
	.tail = "\r\n",
	.ping = "PING :alive\r\n",
	.ping_len = 13,
	.nick_max = 5,
	.bytes_max = IRC_TEXT_MAX,
	.hello = hello,
	.join = enter,
	.head = head,
	.take = tally_take,
	.behind = tally_behind,
	.find = find,
	.pong = pong,
};
