/* pump.c -- which requests are sent, and sent again, and when
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "lib/collect.h"
#include "lib/repair.h"
#include "lib/session.h"

#define LOST_AFTER	20000	/* what may not be asked twice */

/* A direct conversation has another name than the one it is asked for by, so
 * only when all of them are read through is it known what was said there. */
static bool
conversations_settled(const struct vcrp *v)
{
	const struct vroom *room;

	for (room = v->rooms; room != NULL; room = room->next) {
		if (room->word[0] == '@' && room->state != VROOM_OUT &&
		    room->state != VROOM_IN)
			return false;
	}
	return true;
}

/* Until the replay is over it is not known what is still to be said. */
static bool
may_send(const struct vcrp *v, const struct vroom *room)
{
	if (room->state == VROOM_OUT)
		return room->word == NULL || room->word[0] != '@' ||
		    conversations_settled(v);
	return room->state == VROOM_IN;
}

/* Whatever has another effect when it is done twice. */
static bool
is_repeatable(const struct vrequest *request)
{
	return request->kind != VERB_OTHER;
}

static void
send_request(struct vcrp *v, struct vroom *room, int64_t now)
{
	struct vrequest *first = room->first;
	/* What has come meanwhile shows that the way is open. */
	bool open = v->link.udp != NULL && !vudp_is_waiting(v->link.udp);

	if (!vsession_send(v, first->number, first->line))
		return;
	if (!first->sent) {
		first->tries = 0;
		first->done = 0;
		first->sent_at = now;
	}
	first->sent = true;
	if (v->link.udp == NULL)
		return;
	first->tries++;
	first->resend_at = now + (is_repeatable(first) ?
	    vudp_patience(v->link.udp, open ? 1 : first->tries) : LOST_AFTER);
	if (room == &v->control)
		vcollect_begin(v);
}

static void
lose(struct vcrp *v)
{
	vrepair_retire(v, v->control.first->number);
	vroom_put(&v->lost, vroom_pop(&v->control));
	vcollect_forget(v);
}

/* In datagrams, where it or its answer may be lost. */
static void
pump_sent(struct vcrp *v, struct vroom *room, int64_t now)
{
	struct vrequest *first = room->first;

	if (v->link.udp == NULL || now < first->resend_at ||
	    first->done > room->cursor || (room == &v->control && v->complete))
		return;
	if (is_repeatable(first))
		send_request(v, room, now);
	else
		lose(v);
}

static void
pump_room(struct vcrp *v, struct vroom *room, int64_t now)
{
	struct vrequest *first = room->first;

	if (first == NULL || first->not_before > now)
		return;
	/* From now on it waits for something else than the clock. */
	first->not_before = 0;
	if (first->sent)
		pump_sent(v, room, now);
	/* What was said before the end is to be seen first. */
	else if (may_send(v, room) && (first->kind != VERB_LEAVE ||
	    room->known <= room->cursor))
		send_request(v, room, now);
}

static void
rejoin(struct vcrp *v, struct vroom *room, int64_t now)
{
	char line[VLINE_MAX];

	if (room->not_before > now)
		return;
	room->not_before = 0;
	snprintf(line, sizeof(line), " JOIN %s %" PRIu64, room->name,
	    room->cursor);
	if (!vsession_send(v, v->numbers + 1, line))
		return;
	if (room->state == VROOM_JOINING)
		vrepair_retire(v, room->join);
	room->join = ++v->numbers;
	room->state = VROOM_JOINING;
	if (v->link.udp != NULL)
		room->repair_at = now +
		    vudp_patience(v->link.udp, ++room->asks);
}

void
vsession_pump(struct vcrp *v)
{
	struct vroom *room;
	int64_t now = vclock_now();

	if (v->phase != PHASE_UP)
		return;
	pump_room(v, &v->control, now);
	for (room = v->rooms; room != NULL; room = room->next) {
		if (room->state == VROOM_REJOIN ||
		    (room->state == VROOM_JOINING && v->link.udp != NULL &&
		    now >= room->repair_at))
			rejoin(v, room, now);
		vrepair_pump(v, room, now);
		pump_room(v, room, now);
	}
}

void
vsession_answered(struct vcrp *v, const struct vrequest *request)
{
	/* What was sent twice may be answered twice, and does not tell how
	 * long an answer takes; nor does what is read from a log. */
	if (request->tries > 1)
		vrepair_retire(v, request->number);
	else if (request->tries == 1 && is_repeatable(request) &&
	    request->kind != VERB_HISTORY && request->kind != VERB_SEARCH)
		vudp_measured(v->link.udp, vclock_now() - request->sent_at);
}
