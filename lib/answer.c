/* answer.c -- what comes in, and what it means for what was asked
 *
 * SPDX-License-Identifier: MIT */
#include "lib/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/collect.h"
#include "lib/repair.h"
#include "lib/stream.h"

#define WAIT_DEFAULT	1000
#define WAIT_MAX	86400000

typedef bool answer_fn(struct vcrp *, const struct vline *,
    struct vcrp_event *);

/* -1 when it is not there. */
static int
attribute_ms(const struct vline *line, const char *key)
{
	char value[32];
	uint64_t number;

	if (!vline_attribute(line->attributes, key, value, sizeof(value)) ||
	    !vline_number(value, &number))
		return -1;
	return number < WAIT_MAX ? (int)number : WAIT_MAX;
}

static void
finish_number(struct vcrp *v, int64_t number, struct vcrp_event *event)
{
	struct vroom *room = number > 0 ? vstream_asking(v, number) : NULL;

	if (room != NULL)
		vstream_finish(v, room, event);
}

static bool
on_greeting(struct vcrp *v, const struct vline *line,
    struct vcrp_event *event)
{
	if (line->count < 1 || strcmp(line->words[0], "1") != 0) {
		vsession_end(v, "not-vcrp", "the server speaks another VCRP");
		return true;
	}
	snprintf(v->features, sizeof(v->features), "%s",
	    line->count > 3 ? line->words[3] : "");
	if (v->phase != PHASE_LOGIN)
		return true;
	if (v->visitor) {
		vsession_up(v);
		event->kind = VCRP_UP;
	} else if (v->sasl != NULL) {
		vsession_prove(v);
	}
	return true;
}

/* Nothing of it is for the program, and little of it for anybody. */
static bool
on_auth(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	char answer[VLINE_MAX];

	(void)event;
	if (v->phase != PHASE_LOGIN || v->sasl == NULL)
		return false;
	if (!vsasl_step(v->sasl, line->count > 0 ? line->words[0] : "=",
	    answer))
		vsession_end(v, "unproved", vsasl_why(v->sasl));
	else
		vlink_put(&v->link, answer, strlen(answer));
	return false;
}

static bool
on_login(struct vcrp *v, const struct vline *line)
{
	if (v->sasl != NULL && !vsasl_is_proved(v->sasl)) {
		vsession_end(v, "unproved", "the server has not proved that "
		    "it knows us");
		return true;
	}
	if (line->count < 2)
		return true;
	/* Told when it is decided how it goes on. */
	vtrial_begin(v, line->words[1]);
	return false;
}

static bool
on_ok(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	const char *verb = line->count > 0 ? line->words[0] : "";
	int64_t number = vstream_own_number(v, line);
	uint64_t last = 0;

	if (v->phase == PHASE_LOGIN)
		return on_login(v, line);
	if (number == 0 && strcmp(verb, "UDP") == 0) {
		if (v->phase == PHASE_ASKING)
			vtrial_answer(v, line);
		return false;
	}
	if (v->link.udp != NULL && vrepair_is_stale(v, number))
		return false;
	if (line->count > 2 && vline_number(line->words[2], &last)) {
		event->room = line->words[1];
		event->number = last;
	}
	if (v->link.udp != NULL && event->room != NULL &&
	    !vrepair_done(v, number, event->room, last))
		return false;
	if (strcmp(verb, "JOIN") == 0 && event->room != NULL &&
	    v->link.udp != NULL && vrepair_joined(v, number, last))
		return false;
	if (strcmp(verb, "JOIN") == 0 && event->room != NULL)
		vstream_joined(v, number, event->room, last);
	else if (strcmp(verb, "LEAVE") == 0 && line->count > 1)
		vstream_out(v, line->words[1], event);
	finish_number(v, number, event);
	return true;
}

static bool
is_passing(const struct vcrp *v, const char *code)
{
	static const char *const codes[] = {
		"busy", "shutting-down", "too-fast",
		/* Before the login: it took too long, or others will go. */
		"internal", "need-login", "too-many"
	};
	size_t i, count = v->phase == PHASE_LOGIN ? 6 : 3;

	for (i = 0; i < count; i++) {
		if (strcmp(codes[i], code) == 0)
			return true;
	}
	return false;
}

/* The code and the text of ERR or BYE, for a person. */
static void
describe(const struct vline *line, char *why_r)
{
	snprintf(why_r, VWHY_SIZE, "%.79s%s%.400s",
	    line->count > 0 ? line->words[0] : "", line->text ? ": " : "",
	    line->text ? line->text : "");
}

static bool
on_login_refused(struct vcrp *v, const struct vline *line, int wait)
{
	char why[VWHY_SIZE];

	if (wait < 0)
		wait = attribute_ms(line, "retry");
	/* The same password will be as wrong later. */
	if (strcmp(line->words[0], "auth-failed") == 0 ||
	    (wait < 0 && !is_passing(v, line->words[0]))) {
		vsession_end(v, line->words[0], line->text ? line->text : "");
		return true;
	}
	describe(line, why);
	vsession_down(v, why, wait);
	return true;
}

static void
name_room(struct vcrp *v, const struct vroom *room, struct vcrp_event *event)
{
	if (room->word == NULL)
		return;
	snprintf(v->room, sizeof(v->room), "%s",
	    room->name != NULL ? room->name : room->word);
	event->room = v->room;
}

/* Our own JOIN after an interruption, which the program knows nothing of. */
static bool
on_rejoin_refused(struct vcrp *v, struct vroom *room, int wait,
    struct vcrp_event *event)
{
	if (wait >= 0) {
		room->state = VROOM_REJOIN;
		room->not_before = vclock_now() + wait;
		return false;
	}
	room->state = VROOM_OUT;
	vrepair_forget(v, room);
	event->out = true;
	name_room(v, room, event);
	return true;
}

/* LEAVE, said again because nothing answered it: so it was done. */
static bool
was_left(const struct vroom *room, const char *code)
{
	return room->first->kind == VERB_LEAVE && room->first->tries > 1 &&
	    strcmp(code, "not-member") == 0;
}

static bool
on_left(struct vcrp *v, const struct vroom *room, struct vcrp_event *event)
{
	snprintf(v->line, sizeof(v->line), "@id=%s-%" PRId64 " OK LEAVE %s",
	    v->prefix, room->first->number,
	    room->name != NULL ? room->name : room->word);
	return vanswer_kept(v, event);
}

static bool
on_err(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	int64_t number = vstream_own_number(v, line);
	struct vroom *room = NULL;
	int wait = attribute_ms(line, "wait");

	if (line->count < 1)
		return true;
	event->code = line->words[0];
	if (v->phase == PHASE_LOGIN)
		return on_login_refused(v, line, wait);
	if (v->phase == PHASE_ASKING) {
		vtrial_answer(v, line);
		return false;
	}
	if (v->link.udp != NULL && vrepair_is_stale(v, number))
		return false;
	if (wait < 0 && is_passing(v, event->code))
		wait = WAIT_DEFAULT;
	room = vrepair_asking(v, number);
	if (room != NULL && wait >= 0) {
		room->repair_at = vclock_now() + wait;
		return false;
	}
	if (room == NULL)
		room = vstream_rejoining(v, number);
	if (room != NULL)
		return on_rejoin_refused(v, room, wait, event);
	if (number > 0)
		room = vstream_asking(v, number);
	else if (v->control.first != NULL && v->control.first->sent)
		/* A line so odd that the server did not find its id. */
		room = &v->control;
	event->request = number;
	if (room == NULL)
		return true;
	if (wait >= 0) {
		room->first->sent = false;
		room->first->not_before = vclock_now() + wait;
		return false;
	}
	if (was_left(room, event->code))
		return on_left(v, room, event);
	name_room(v, room, event);
	vstream_finish(v, room, event);
	return true;
}

static bool
on_bye(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	const char *code = line->count > 0 ? line->words[0] : "";
	int retry = attribute_ms(line, "retry");
	char why[VWHY_SIZE];

	event->code = code;
	if (retry < 0 || v->phase == PHASE_QUITTING) {
		vsession_end(v, code, line->text ? line->text : "");
		return true;
	}
	describe(line, why);
	vsession_down(v, why, retry);
	return true;
}

static bool
on_ping(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	char pong[VLINE_MAX + 8];
	int len = snprintf(pong, sizeof(pong), "PONG%s%s\n",
	    line->text ? " " : "", line->text ? line->text : "");

	(void)event;
	vlink_put(&v->link, pong, (size_t)len);
	return false;
}

static bool
on_room(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	uint64_t last;

	if (line->count > 0)
		event->room = line->words[0];
	return v->link.udp == NULL || line->count < 2 ||
	    !vline_number(line->words[1], &last) ||
	    vrepair_room(v, event->room, last);
}

static bool
on_pong(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	int64_t number = vstream_own_number(v, line);

	if (number > 0 && number == v->ping && v->link.udp != NULL)
		vudp_measured(v->link.udp, vclock_now() - v->ping_sent_at);
	finish_number(v, number, event);
	/* Else it answers a PING of ours. */
	return event->request != 0;
}

static bool
on_read(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	if (line->count > 1 && vline_number(line->words[1], &event->number))
		event->room = line->words[0];
	return v->link.udp == NULL || event->room == NULL ||
	    vrepair_read(v, event->room, event->number);
}

static bool
on_at(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	uint64_t last;

	(void)event;
	if (v->link.udp != NULL && line->count > 1 &&
	    vline_number(line->words[1], &last))
		vrepair_at(v, line->words[0], last);
	return v->link.udp == NULL;
}

static bool
on_other(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	(void)line;
	(void)event;
	if (v->phase == PHASE_LOGIN && strcmp(line->verb, "NOTICE") != 0)
		vsession_end(v, "not-vcrp", "this is no VCRP server");
	return true;
}

static answer_fn *const handlers[] = {
	[VERB_OTHER]	= on_other,
	[VERB_AT]	= on_at,
	[VERB_AUTH]	= on_auth,
	[VERB_BYE]	= on_bye,
	[VERB_DELETE]	= vstream_numbered,
	[VERB_EDIT]	= vstream_numbered,
	[VERB_ERR]	= on_err,
	[VERB_GAP]	= vstream_gap,
	[VERB_JOIN]	= vstream_presence,
	[VERB_LEAVE]	= vstream_presence,
	[VERB_MSG]	= vstream_numbered,
	[VERB_NAMES]	= on_other,
	[VERB_NOTICE]	= on_other,
	[VERB_OK]	= on_ok,
	[VERB_PAGE]	= vstream_page,
	[VERB_PING]	= on_ping,
	[VERB_PONG]	= on_pong,
	[VERB_REACT]	= vstream_numbered,
	[VERB_READ]	= on_read,
	[VERB_RESET]	= vstream_reset,
	[VERB_ROLE]	= vstream_numbered,
	[VERB_ROOM]	= on_room,
	[VERB_SET]	= vstream_numbered,
	[VERB_SIGNAL]	= vstream_presence,
	[VERB_STAT]	= on_other,
	[VERB_VCRP]	= on_greeting
};

static bool
read_line(struct vcrp *v, struct vline *line_r, struct vcrp_event *event_r)
{
	strcpy(v->parts, v->line);
	if (!vline_cut(v->parts, line_r))
		return false;
	*event_r = (struct vcrp_event){
		.kind = VCRP_LINE, .line = v->line, .verb = line_r->verb,
		.count = line_r->count, .text = line_r->text
	};
	memcpy(event_r->words, line_r->words, sizeof(line_r->words));
	return true;
}

bool
vanswer_kept(struct vcrp *v, struct vcrp_event *event_r)
{
	struct vline line;

	return read_line(v, &line, event_r) &&
	    handlers[line.kind](v, &line, event_r);
}

bool
vanswer(struct vcrp *v, struct vcrp_event *event_r)
{
	struct vline line;

	if (v->link.udp != NULL && strcmp(v->line, VUDP_HOLE) == 0) {
		vrepair_hole(v);
		vcollect_hole(v);
		return false;
	}
	if (!read_line(v, &line, event_r) ||
	    (v->link.udp != NULL && vcollect_takes(v, &line)))
		return false;
	return handlers[line.kind](v, &line, event_r);
}

void
vanswer_welcome(struct vcrp *v, struct vcrp_event *event_r)
{
	struct vline line;

	strcpy(v->line, v->welcome);
	v->welcome[0] = '\0';
	read_line(v, &line, event_r);
	event_r->kind = VCRP_UP;
}
