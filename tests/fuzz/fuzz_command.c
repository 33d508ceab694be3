/* fuzz_command.c -- lines of a few people, run by a room
 *
 * SPDX-License-Identifier: MIT
 *
 * The input is lines. The first that a room runs says which room it is; lines
 * for other rooms are left out. In the room are ~alice, bob and root (an
 * administrator); ~alice speaks first. What a room does not run is used for
 * what happens around it:
 *
 *   HELLO name    name speaks from now on, having logged in if it is not here
 *   AUTH ...      root speaks
 *   QUIT [text]   who speaks is gone, with this reason
 *   PING          what follows is one batch, until
 *   PONG [text]   it is run, and a second passes for each byte of the text
 *   HELP          who speaks stops reading
 *   LIST          and reads again
 *
 * After each turn everything that was heard is looked at. */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "../fake.h"
#include "proto/event.h"
#include "wire/vcrp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PEOPLE_MAX = 6, LINES_MAX = 400 };

struct play {
	struct fake *fake;
	struct guy  *speaker;
	bool         batch;
	uint64_t     checked;	/* numbers up to here have been seen */
	uint64_t     events;	/* that answers have told of */
	unsigned     left;	/* by answers; less the OK LEAVE heard */
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Cuts a line off; it keeps its LF if there is one. */
static struct slice
cut_line(struct slice *rest)
{
	const char *lf = memchr(rest->at, '\n', rest->len);
	struct slice line = *rest;

	if (lf != NULL)
		line.len = (size_t)(lf + 1 - rest->at);
	rest->at += line.len;
	rest->len -= line.len;
	return line;
}

static void
check_line(struct slice line)
{
	must(line.len > 1 && line.len <= LINE_MAX_BYTES &&
	    line.at[line.len - 1] == '\n');
	line.len--;
	must(utf8_check(line) == UTF8_GOOD && line.at[0] != ' ');
}

static bool
begins(struct slice s, const char *with)
{
	return s.len >= strlen(with) &&
	    memcmp(s.at, with, strlen(with)) == 0;
}

/* The last line, and no other, is OK or ERR and has the id. True if OK. */
static bool
check_reply(const struct request *r)
{
	struct slice rest = { r->reply->data, r->reply->len }, id = { 0 };
	unsigned closed = 0;
	bool ok = false;

	while (rest.len > 0) {
		struct slice line = cut_line(&rest);

		check_line(line);
		must(closed == 0);
		if (line.at[0] == '@') {
			const char *space = memchr(line.at, ' ', line.len);

			must(space != NULL);
			id = vcrp_peek_id((struct slice){ line.at,
			    line.len - 1 });
			line.len -= (size_t)(space + 1 - line.at);
			line.at = space + 1;
		}
		ok = begins(line, "OK ");
		closed += ok || begins(line, "ERR ");
	}
	must(closed == 1 && slice_same(id, r->words.id));
	return ok;
}

/* What has no answer is answered by its echo, a LEAVE by its last words. */
static void
answered(struct guy *g, const struct request *r)
{
	const struct command *c = r->words.command;
	struct play *p = g->fake->arg;
	bool ok = r->reply != NULL && check_reply(r);

	must(r->reply != NULL || c->stores || c->verb == VERB_SIGNAL ||
	    c->verb == VERB_LEAVE);
	must(!ok || (c->verb != VERB_SIGNAL && c->verb != VERB_LEAVE));
	p->events += (c->stores && r->reply == NULL) ||
	    (ok && (c->verb == VERB_SET || c->verb == VERB_ROLE));
	p->left += c->verb == VERB_LEAVE && r->reply == NULL;
	must(r->list == NULL || c->verb == VERB_WHO);
	must(r->place.chunk == NULL || c->verb == VERB_JOIN);
}

static void
check_number(struct slice line, void *arg)
{
	struct play *p = arg;
	struct slice verb;
	struct event e;

	check_line(line);
	if (event_number(line) == 0)
		return;
	must(event_parse(line, &e, &verb) && e.number == ++p->checked &&
	    slice_same(e.room, p->fake->room->name));
}

static void
check_heard(struct play *p, struct slice rest)
{
	while (rest.len > 0) {
		struct slice line = cut_line(&rest);
		const char *space = memchr(line.at, ' ', line.len);

		check_line(line);
		if (line.at[0] == '@' && space != NULL) {
			line.len -= (size_t)(space + 1 - line.at);
			line.at = space + 1;
		}
		p->left -= begins(line, "OK LEAVE ");
	}
}

static void
check_turn(struct play *p)
{
	struct fake *f = p->fake;
	uint64_t oldest = stream_oldest(&f->room->stream);

	/* A batch may be longer than the window. */
	if (oldest > p->checked + 1)
		p->checked = oldest - 1;
	if (f->room->stream.last > p->checked)
		stream_walk(&f->room->stream, p->checked + 1, check_number, p);
	must(p->checked == f->room->stream.last && f->holes == 0);
	for (struct link *l = f->people.next; l != &f->people; l = l->next) {
		struct guy *g = list_entry(l, struct guy, link);

		if (g->heard != NULL)
			check_heard(p, (struct slice){ g->heard->data,
			    g->heard->len });
		must(g->under_way == 0);
		/* Who reads has all there is. */
		must(g->stopped || g->member == NULL ||
		    g->member->chunk->start + g->member->off ==
		    stream_end(&f->room->stream));
	}
	must(p->left == 0 &&
	    p->events == counter_get(&f->room->counters.events));
	fake_forget(f);
}

static void
turn(struct play *p)
{
	if (p->fake->room == NULL)
		return;
	fake_turn(p->fake);
	check_turn(p);
}

static struct guy *
find(const struct fake *f, struct slice name, unsigned *people_r)
{
	struct guy *found = NULL;

	*people_r = 0;
	for (struct link *l = f->people.next; l != &f->people; l = l->next) {
		struct guy *g = list_entry(l, struct guy, link);

		++*people_r;
		if (slice_same(person_name(g->contact.person), name))
			found = g;
	}
	return found;
}

/* Another one speaks. */
static void
hello(struct play *p, const struct words *w)
{
	char nick[2 * NAME_NICK_BYTES], key[80];
	struct slice guest = { nick, w->word[0].len + 1 };
	unsigned people;
	struct guy *g;

	if (w->word[0].len > NAME_NICK_BYTES)
		return;
	nick[0] = '~';
	memcpy(nick + 1, w->word[0].at, w->word[0].len);
	nick[guest.len] = '\0';
	snprintf(key, sizeof(key), "%.*s", (int)w->key.len,
	    w->key.len > 0 ? w->key.at : "");
	g = find(p->fake, guest, &people);
	if (g == NULL)
		g = find(p->fake, w->word[0], &people);
	if ((g == NULL || w->key.len > 0) && people < PEOPLE_MAX)
		g = fake_guest(p->fake, nick + 1, key);
	if (g != NULL)
		p->speaker = g;
}

static void
quit(struct play *p, const struct words *w)
{
	char parting[TEXT_MAX_BYTES + 1];
	struct fake *f = p->fake;

	snprintf(parting, sizeof(parting), "%.*s", (int)w->text.len,
	    w->text.len > 0 ? w->text.at : "");
	turn(p);
	fake_drop(&p->speaker, w->text.len > 0 ? parting : NULL);
	turn(p);
	/* Not a guest, whose name may be kept for a key. */
	if (list_empty(&f->people))
		fake_account(f, "bob");
	p->speaker = list_entry(f->people.next, struct guy, link);
}

static void
around(struct play *p, const struct words *w)
{
	unsigned people;
	struct guy *root;

	switch (w->command->verb) {
	case VERB_HELLO:
		hello(p, w);
		break;
	case VERB_AUTH:
		root = find(p->fake, slice_of("root"), &people);
		p->speaker = root != NULL ? root : p->speaker;
		break;
	case VERB_QUIT:
		quit(p, w);
		break;
	case VERB_PING:
		p->batch = true;
		break;
	case VERB_PONG:
		p->batch = false;
		p->fake->now += 1000 * w->text.len;
		p->fake->wall += 1000 * w->text.len;
		turn(p);
		break;
	case VERB_HELP:
		p->speaker->stopped = true;
		break;
	case VERB_LIST:
		fake_resume(p->speaker);
		turn(p);
		break;
	default:
		break;
	}
}

/* Is the line for the room? The first such makes it. */
static bool
is_for_room(struct play *p, const struct words *w)
{
	struct person *who = p->speaker->contact.person;
	struct fake *f = p->fake;
	struct room_word word;
	const char *why;
	bool same;

	if (registry_word(f->registry, who, w->word[0], &word, &why) !=
	    ERROR_NONE)
		return false;
	if (f->room == NULL)
		f->room = room_new(f->registry, &word, who, NULL,
		    FAKE_LAST);
	same = slice_same((struct slice){ word.key, word.key_len },
	    f->room->key);
	room_word_fini(&word);
	return same;
}

static void
play_line(struct play *p, struct slice line)
{
	char why[WHY_MAX];
	struct words w;

	if (line.len > 0 && line.at[line.len - 1] == '\n')
		line.len--;
	if (line.len == 0 || vcrp_parse(line, &w, why) != ERROR_NONE)
		return;
	if (w.command->where != RUN_ROOM) {
		around(p, &w);
		return;
	}
	if (!is_for_room(p, &w))
		return;
	if (p->speaker->moving)
		turn(p);
	if (!fake_post_slice(p->speaker, line, 0))
		turn(p);
	if (!p->batch)
		turn(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	struct play p = { .fake = fake_new(), .checked = FAKE_LAST };

	atomic_store(&p.fake->config->rooms_window, 16);
	atomic_store(&p.fake->config->rooms_mailbox, 16);
	atomic_store(&p.fake->config->rooms_repeat_ids, 8);
	p.fake->answered = answered;
	p.fake->arg = &p;
	p.speaker = fake_guest(p.fake, "alice", NULL);
	fake_account(p.fake, "bob");
	fake_admin(p.fake, "root");
	for (int i = 0; i < LINES_MAX && rest.len > 0; i++)
		play_line(&p, cut_line(&rest));
	turn(&p);
	fake_free(&p.fake);
	return 0;
}
