/* fuzz_line.c -- any bytes as a line: refused, or taken apart soundly
 *
 * SPDX-License-Identifier: MIT
 *
 * What is accepted is made the event that a room would make of it, and that
 * line must give the same again: it is what is sent, kept and replayed. */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "proto/event.h"
#include "wire/vcrp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Is it empty, or inside? */
static void
check_inside(struct slice part, struct slice line)
{
	if (part.len > 0)
		must(part.at >= line.at &&
		    part.at + part.len <= line.at + line.len);
}

/* Fit to be relayed, and no more than it may be. */
static void
check_part(struct slice part, struct slice line, size_t most)
{
	check_inside(part, line);
	must(part.len <= most && (part.len == 0 ||
	    utf8_check(part) == UTF8_GOOD));
}

static void
check_words(const struct words *w, struct slice line)
{
	must(w->command != NULL && w->count >= w->command->least &&
	    w->count <= strlen(w->command->words));
	check_part(w->attrs, line, ATTRS_MAX_BYTES);
	must(w->attrs.len == 0 ||
	    (memchr(w->attrs.at, '\t', w->attrs.len) == NULL &&
	    memchr(w->attrs.at, ' ', w->attrs.len) == NULL));
	check_part(w->id, line, 36);
	check_part(w->key, line, 64);
	check_part(w->text, line, TEXT_MAX_BYTES);
	for (unsigned i = 0; i < w->count; i++) {
		check_part(w->word[i], line, LINE_MAX_BYTES);
		must(w->word[i].len > 0 &&
		    memchr(w->word[i].at, ' ', w->word[i].len) == NULL);
	}
}

static void
check_event(const struct words *w)
{
	struct event e = { .attrs = w->attrs, .room = slice_of("lobby"),
		.number = NUMBER_MAX, .time = UINT64_C(4102444800000),
		.name = slice_of("~alice"), .text = w->text }, back;
	char line[2 * LINE_MAX_BYTES];
	struct slice verb;
	size_t len;

	e.verb = w->command->verb == VERB_SAY ? "MSG" : w->command->name;
	if (w->count > 1)
		e.word[0] = w->word[1];
	must(event_bound(&e) <= sizeof(line));
	len = event_render(&e, line);
	must(len <= event_bound(&e) && len <= LINE_MAX_BYTES);
	must(event_number((struct slice){ line, len }) == e.number);
	must(event_parse((struct slice){ line, len }, &back, &verb));
	must(slice_is(verb, e.verb) && back.number == e.number &&
	    back.time == e.time && slice_same(back.attrs, e.attrs) &&
	    slice_same(back.room, e.room) && slice_same(back.name, e.name) &&
	    slice_same(back.word[0], e.word[0]) &&
	    slice_same(back.text, e.text));
}

/* What a begun line says, however little of it is there. */
static void
check_beginning(struct slice s)
{
	struct slice id = vcrp_peek_id(s);
	const char *stranger = vcrp_stranger(s);

	check_part(id, s, 36);
	must(stranger == NULL || *stranger != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice line = { (const char *)data, size };
	char why[WHY_MAX];
	struct words w;
	enum error e;

	check_beginning(line);
	e = vcrp_parse(line, &w, why);
	if (e != ERROR_NONE) {
		must(memchr(why, '\0', sizeof(why)) != NULL && *why != '\0' &&
		    utf8_check(slice_of(why)) == UTF8_GOOD);
		check_part(w.id, line, 36);
		return 0;
	}
	check_words(&w, line);
	if (w.command->stores)
		check_event(&w);
	return 0;
}
