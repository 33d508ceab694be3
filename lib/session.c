/* session.c -- what goes out and when: connecting, logging in, asking
 *
 * SPDX-License-Identifier: MIT */
#include "lib/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/collect.h"
#include "lib/repair.h"

/* In datagrams. */
#define ALIVE_EVERY	15000
#define ALIVE_AGAIN	1000	/* while nothing comes */

bool
vsession_random(void *bytes, size_t size)
{
	return getrandom(bytes, size, 0) == (ssize_t)size;
}

bool
vsession_send(struct vcrp *v, int64_t number, const char *line)
{
	char bytes[VLINE_MAX + 1];
	int len = snprintf(bytes, sizeof(bytes), "@id=%s-%" PRId64 "%s\n",
	    v->prefix, number, line);

	return vlink_put(&v->link, bytes, (size_t)len);
}

int64_t
vsession_ask(struct vcrp *v, enum vverb kind, const char *room, int64_t after,
    const char *line)
{
	struct vroom *lane = &v->control;
	struct vrequest *request;

	if (v->phase >= PHASE_QUITTING)
		return -ENOTCONN;
	if (v->pending >= VCRP_QUEUE_MAX)
		return -EAGAIN;
	if (room != NULL)
		lane = vroom_obtain(&v->rooms, room);
	request = malloc(sizeof(*request) + strlen(line) + 1);
	if (lane == NULL || request == NULL) {
		free(request);
		return -ENOMEM;
	}
	*request = (struct vrequest){
		.number = ++v->numbers, .after = after, .kind = kind
	};
	strcpy(request->line, line);
	vroom_put(lane, request);
	v->pending++;
	if (v->phase == PHASE_UP)
		vsession_pump(v);
	return request->number;
}

static void
connect_now(struct vcrp *v)
{
	v->phase = PHASE_CONNECTING;
	v->deadline = vclock_now() + v->timeout;
	vlink_open(&v->link, &v->address);
}

static void
log_in(struct vcrp *v)
{
	char line[VNAME_SIZE + VKEY_MAX + 32];
	int len;

	if (v->sasl != NULL)
		vsasl_reset(v->sasl);
	if (v->external)
		len = snprintf(line, sizeof(line), "AUTH EXTERNAL\n");
	else if (v->sasl != NULL || v->visitor)
		len = snprintf(line, sizeof(line), "PING\n");
	else
		len = snprintf(line, sizeof(line), "@key=%s HELLO %s\n",
		    v->key, v->nick);
	vlink_put(&v->link, line, (size_t)len);
	vlink_flush(&v->link);
	v->phase = PHASE_LOGIN;
	v->deadline = vclock_now() + v->timeout;
}

static void
time_out(struct vcrp *v)
{
	switch (v->phase) {
	case PHASE_WAITING:
		connect_now(v);
		break;
	case PHASE_CONNECTING:
		v->deadline += v->timeout;
		if (!vlink_try_next(&v->link))
			vsession_down(v, "no answer", -1);
		break;
	case PHASE_LOGIN:
		vsession_down(v, "the server does not let us in", -1);
		break;
	case PHASE_ASKING:
		vtrial_time_out(v);
		break;
	case PHASE_QUITTING:
		vsession_end(v, "quit", "no answer");
		break;
	case PHASE_TRYING:
	case PHASE_UP:
	case PHASE_OVER:
		break;
	}
}

/* When to send something again that tells whether there is an answer. */
static int64_t
alive_at(const struct vcrp *v)
{
	struct vudp *udp = v->link.udp;

	if (v->phase == PHASE_QUITTING)
		return vudp_sent_at(udp) + vudp_patience(udp, 1);
	return vudp_sent_at(udp) +
	    (vudp_is_waiting(udp) ? ALIVE_AGAIN : ALIVE_EVERY);
}

/* So that the way back stays open, and it is known whether there is one. */
static void
stay_alive(struct vcrp *v)
{
	if (vclock_now() < alive_at(v))
		return;
	if (v->phase == PHASE_QUITTING)
		vlink_put(&v->link, "QUIT\n", 5);
	else
		vtrial_ping(v);
}

void
vsession_step(struct vcrp *v)
{
	if (v->news != NEWS_NONE || v->phase == PHASE_OVER)
		return;
	if (v->phase == PHASE_TRYING)
		vtrial_step(v);
	if (v->phase == PHASE_TRYING)
		return;
	if (v->phase != PHASE_UP && vclock_now() >= v->deadline)
		time_out(v);
	if (v->link.udp != NULL)
		stay_alive(v);
	vsession_pump(v);
	vlink_step(&v->link);
	if (v->phase == PHASE_CONNECTING && v->link.fd >= 0 &&
	    !v->link.connecting && v->link.ended == NULL)
		log_in(v);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
earlier(int64_t deadline, const struct vroom *room)
{
	const struct vrequest *first = room->first;

	if (room->state == VROOM_REJOIN && room->not_before > 0)
		deadline = least(deadline, room->not_before);
	if (first != NULL && first->not_before > 0)
		deadline = least(deadline, first->not_before);
	return deadline;
}

/* The same in datagrams. */
static int64_t
earlier_repair(int64_t deadline, const struct vroom *room)
{
	const struct vrequest *first = room->first;

	if (room->state == VROOM_JOINING)
		deadline = least(deadline, room->repair_at);
	if (first != NULL && first->sent && first->done <= room->cursor)
		deadline = least(deadline, first->resend_at);
	return least(deadline, vrepair_deadline(room));
}

int64_t
vsession_deadline(const struct vcrp *v)
{
	const struct vroom *room;
	int64_t deadline;

	if (v->phase == PHASE_OVER)
		return INT64_MAX;
	if (v->phase == PHASE_TRYING)
		return least(v->deadline, v->ping_at);
	if (v->phase == PHASE_QUITTING && v->link.udp != NULL)
		return least(v->deadline, alive_at(v));
	if (v->phase != PHASE_UP)
		return v->deadline;
	deadline = earlier(INT64_MAX, &v->control);
	for (room = v->rooms; room != NULL; room = room->next)
		deadline = earlier(deadline, room);
	if (v->link.udp == NULL)
		return deadline;
	deadline = least(deadline, alive_at(v));
	deadline = least(deadline, vudp_deadline(v->link.udp));
	deadline = earlier_repair(deadline, &v->control);
	for (room = v->rooms; room != NULL; room = room->next)
		deadline = earlier_repair(deadline, room);
	return deadline;
}

/* Doubling, and each client a little different from the others, who lost the
 * server at the same moment. */
static int
pause_length(struct vcrp *v)
{
	unsigned doublings = v->failures++, part = 0;
	int64_t length = v->retry_min;

	while (doublings-- > 0 && length < v->retry_max)
		length *= 2;
	if (length > v->retry_max)
		length = v->retry_max;
	vsession_random(&part, sizeof(part));
	return (int)(length - part % ((unsigned)length / 2 + 1));
}

static void
forget_answers(struct vcrp *v)
{
	struct vrequest *first = v->control.first;
	struct vroom *room;

	v->page_left = 0;
	vcollect_forget(v);
	if (first != NULL && first->sent)
		vroom_put(&v->lost, vroom_pop(&v->control));
	for (room = v->rooms; room != NULL; room = room->next) {
		if (room->first != NULL) {
			room->first->sent = false;
			room->first->not_before = 0;
		}
		room->not_before = 0;
		vrepair_forget(v, room);
		if (room->state != VROOM_OUT)
			room->state = VROOM_REJOIN;
	}
}

static void
set_news(struct vcrp *v, enum vnews news, const char *code, const char *why)
{
	v->news = news;
	snprintf(v->news_code, sizeof(v->news_code), "%s", code);
	snprintf(v->news_text, sizeof(v->news_text), "%s", why);
}

void
vsession_down(struct vcrp *v, const char *why, int wait)
{
	if (v->phase == PHASE_QUITTING) {
		vsession_end(v, "quit", why);
		return;
	}
	if (v->once) {
		vsession_end(v, "closed", why);
		return;
	}
	set_news(v, NEWS_DOWN, "", why);
	vudp_free(&v->trial);
	vlink_close(&v->link);
	forget_answers(v);
	v->news_wait = wait >= 0 ? wait : pause_length(v);
	v->phase = PHASE_WAITING;
	v->deadline = vclock_now() + v->news_wait;
}

void
vsession_ended(struct vcrp *v)
{
	if (v->link.tls != NULL && vtls_is_refused(v->link.tls))
		vsession_end(v, "certificate", v->link.ended);
	else
		vsession_down(v, v->link.ended, -1);
}

/* Bound to the connection wherever the server offers that: then nobody can
 * stand between. */
void
vsession_prove(struct vcrp *v)
{
	char line[VLINE_MAX], none[1];
	bool bound = v->link.tls != NULL &&
	    vcrp_feature(v, "scram-sha-256-plus", none, sizeof(none));

	if (!bound && !vcrp_feature(v, "scram-sha-256", none, sizeof(none)))
		vsession_end(v, "need-tls", v->link.tls != NULL ?
		    "the server takes no passwords" :
		    "the server takes no passwords here; vcrps:// may help");
	else if (!vsasl_begin(v->sasl, v->link.tls, bound, line))
		vsession_end(v, "unproved", vsasl_why(v->sasl));
	else
		vlink_put(&v->link, line, strlen(line));
	explicit_bzero(line, sizeof(line));
}

void
vsession_up(struct vcrp *v)
{
	v->phase = PHASE_UP;
	v->failures = 0;
}

void
vsession_end(struct vcrp *v, const char *code, const char *why)
{
	set_news(v, NEWS_END, code, why);
	vudp_free(&v->trial);
	vlink_close(&v->link);
	v->phase = PHASE_OVER;
}
