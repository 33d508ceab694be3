/* event.c -- what happens in a room, as the one line that everybody gets
 *
 * SPDX-License-Identifier: MIT */
#include "proto/event.h"
#include "proto/words.h"

enum { NUMBER_DIGITS = 20 };

static char *
put(char *at, struct slice s)
{
	memcpy(at, s.at, s.len);
	return at + s.len;
}

static char *
put_word(char *at, struct slice s)
{
	*at++ = ' ';
	return put(at, s);
}

/* Two digits at once: every message has some twenty. */
static char *
put_number(char *at, uint64_t n)
{
	static const char pairs[] =
	    "00010203040506070809101112131415161718192021222324"
	    "25262728293031323334353637383940414243444546474849"
	    "50515253545556575859606162636465666768697071727374"
	    "75767778798081828384858687888990919293949596979899";
	char digits[NUMBER_DIGITS];
	size_t i = sizeof(digits);

	for (; n >= 100; n /= 100)
		memcpy(digits + (i -= 2), pairs + n % 100 * 2, 2);
	if (n >= 10)
		memcpy(digits + (i -= 2), pairs + n * 2, 2);
	else
		digits[--i] = (char)('0' + n);
	return put_word(at, (struct slice){ digits + i, sizeof(digits) - i });
}

size_t
event_bound(const struct event *e)
{
	return strlen(e->verb) + e->attrs.len + e->room.len + e->name.len +
	    e->word[0].len + e->word[1].len + e->text.len +
	    2 * NUMBER_DIGITS + 10;
}

size_t
event_render(const struct event *e, char *start)
{
	char *at = start;

	if (e->attrs.len > 0) {
		*at++ = '@';
		at = put(at, e->attrs);
		*at++ = ' ';
	}
	at = put(at, slice_of(e->verb));
	at = put_word(at, e->room);
	if (e->number > 0) {
		at = put_number(at, e->number);
		at = put_number(at, e->time);
	}
	at = put_word(at, e->name);
	for (int i = 0; i < 2; i++)
		if (e->word[i].len > 0)
			at = put_word(at, e->word[i]);
	if (e->text.len > 0)
		at = put_word(at, e->text);
	*at++ = '\n';
	return (size_t)(at - start);
}

/* Cuts the first word off; empty at the end. */
static struct slice
next_word(struct slice *rest)
{
	const char *space = memchr(rest->at, ' ', rest->len);
	struct slice word = *rest;

	if (space == NULL) {
		rest->at += rest->len;
		rest->len = 0;
		return word;
	}
	word.len = (size_t)(space - rest->at);
	rest->at = space + 1;
	rest->len -= word.len + 1;
	return word;
}

uint64_t
event_number(struct slice line)
{
	struct slice rest = line, verb;
	uint64_t number;

	if (rest.len > 0 && rest.at[rest.len - 1] == '\n')
		rest.len--;
	if (rest.len > 0 && rest.at[0] == '@')
		next_word(&rest);
	verb = next_word(&rest);
	/* A name can be all digits: the verb decides. */
	if (slice_is(verb, "JOIN") || slice_is(verb, "LEAVE") ||
	    slice_is(verb, "SIGNAL"))
		return 0;
	next_word(&rest);
	return number_parse(next_word(&rest), 1, &number) ? number : 0;
}

bool
event_is_erased(const struct event *e)
{
	size_t i = 0;

	while (i < e->text.len && e->text.at[i] == ' ')
		i++;
	return i == e->text.len;
}

uint64_t
event_gap_end(struct slice line)
{
	struct slice rest = line;
	uint64_t number;

	if (rest.len > 0 && rest.at[rest.len - 1] == '\n')
		rest.len--;
	if (!slice_is(next_word(&rest), "GAP"))
		return 0;
	next_word(&rest);
	next_word(&rest);
	return number_parse(next_word(&rest), 1, &number) ? number : 0;
}

bool
event_parse(struct slice line, struct event *e, struct slice *verb_r)
{
	struct slice rest = line;

	memset(e, 0, sizeof(*e));
	if (rest.len > 0 && rest.at[rest.len - 1] == '\n')
		rest.len--;
	if (rest.len > 0 && rest.at[0] == '@') {
		e->attrs = next_word(&rest);
		e->attrs.at++;
		e->attrs.len--;
	}
	*verb_r = next_word(&rest);
	e->room = next_word(&rest);
	if (!number_parse(next_word(&rest), 1, &e->number) ||
	    !number_parse(next_word(&rest), 1, &e->time))
		return false;
	e->name = next_word(&rest);
	if (slice_is(*verb_r, "EDIT") || slice_is(*verb_r, "DELETE") ||
	    slice_is(*verb_r, "REACT"))
		e->word[0] = next_word(&rest);
	e->text = rest;
	return e->name.len > 0;
}
