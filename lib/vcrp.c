/* vcrp.c -- what programs call, but to begin and to ask
 *
 * SPDX-License-Identifier: MIT */
#include "vcrp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/collect.h"
#include "lib/repair.h"
#include "lib/session.h"

#define QUIT_WAIT	2000

int
vcrp_fd(const struct vcrp *v)
{
	return v->trial != NULL ? vudp_fd(v->trial) : v->link.fd;
}

short
vcrp_events(const struct vcrp *v)
{
	return v->trial != NULL ? POLLIN : vlink_events(&v->link);
}

static bool
has_event(const struct vcrp *v)
{
	if (v->held || v->news != NEWS_NONE || v->lost.first != NULL)
		return true;
	/* Until that is decided the stream has to wait. */
	return v->trial == NULL && (v->complete ||
	    vlink_has_line(&v->link) || v->link.ended != NULL);
}

int
vcrp_timeout(const struct vcrp *v)
{
	int64_t deadline, left;

	if (has_event(v) || (v->trial == NULL && vlink_has_more(&v->link)))
		return 0;
	deadline = vsession_deadline(v);
	if (deadline == INT64_MAX)
		return -1;
	left = deadline - vclock_now();
	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

void
vcrp_step(struct vcrp *v)
{
	vsession_step(v);
}

static bool
tell_news(struct vcrp *v, struct vcrp_event *event_r)
{
	enum vnews news = v->news;

	v->news = NEWS_NONE;
	if (news == NEWS_NONE)
		return false;
	snprintf(v->text, sizeof(v->text), "%s", v->news_text);
	*event_r = (struct vcrp_event){ .text = v->text };
	if (news == NEWS_DOWN) {
		event_r->kind = VCRP_DOWN;
		event_r->wait = v->news_wait;
	} else {
		event_r->kind = VCRP_END;
		event_r->code = v->news_code;
	}
	return true;
}

static bool
tell_lost(struct vcrp *v, struct vcrp_event *event_r)
{
	struct vrequest *request;

	if (v->lost.first == NULL)
		return false;
	request = vroom_pop(&v->lost);
	*event_r = (struct vcrp_event){
		.kind = VCRP_LOST, .request = request->number
	};
	free(request);
	v->pending--;
	return true;
}

static bool
take_kept(struct vcrp *v)
{
	return vcollect_take(v) || vrepair_take(v);
}

static bool
tell_welcome(struct vcrp *v, struct vcrp_event *event_r)
{
	if (v->welcome[0] == '\0' || v->phase != PHASE_UP)
		return false;
	vanswer_welcome(v, event_r);
	return true;
}

bool
vcrp_next(struct vcrp *v, struct vcrp_event *event_r)
{
	vroom_reap(&v->rooms);
	if (v->held) {
		v->held = false;
		*event_r = v->event;
		return true;
	}
	for (;;) {
		if (tell_news(v, event_r) || tell_lost(v, event_r) ||
		    tell_welcome(v, event_r))
			return true;
		if (v->trial != NULL)
			return false;
		if (take_kept(v)) {
			if (vanswer_kept(v, event_r))
				return true;
		} else if (vlink_take(&v->link, v->line)) {
			if (vanswer(v, event_r))
				return true;
		} else if (v->link.ended != NULL) {
			vsession_ended(v);
		} else {
			break;
		}
	}
	vsession_pump(v);
	vlink_flush(&v->link);
	return false;
}

int
vcrp_wait(struct vcrp *v, int timeout, struct vcrp_event *event_r)
{
	int64_t end = timeout < 0 ? INT64_MAX : vclock_now() + timeout;
	struct pollfd item;
	int64_t left;
	int wait;

	for (;;) {
		if (vcrp_next(v, event_r))
			return 1;
		if (v->phase == PHASE_OVER)
			return -ENOTCONN;
		left = end == INT64_MAX ? INT64_MAX : end - vclock_now();
		if (left < 0)
			return 0;
		wait = vcrp_timeout(v);
		if (left != INT64_MAX && (wait < 0 || left < wait))
			wait = (int)left;
		item = (struct pollfd){
			.fd = vcrp_fd(v), .events = vcrp_events(v)
		};
		poll(&item, 1, wait);
		vcrp_step(v);
	}
}

void
vcrp_quit(struct vcrp *v)
{
	if (v->phase >= PHASE_QUITTING)
		return;
	if (v->phase != PHASE_UP || !vlink_put(&v->link, "QUIT\n", 5)) {
		vsession_end(v, "quit", "");
		return;
	}
	v->phase = PHASE_QUITTING;
	v->deadline = vclock_now() + QUIT_WAIT;
	vlink_flush(&v->link);
}

size_t
vcrp_pending(const struct vcrp *v)
{
	return v->pending;
}

bool
vcrp_is_up(const struct vcrp *v)
{
	return v->phase == PHASE_UP;
}

bool
vcrp_is_udp(const struct vcrp *v, const char **why_r)
{
	bool up = vcrp_is_up(v);

	*why_r = up && v->link.udp == NULL ? v->stays : "";
	return up && v->link.udp != NULL;
}

const char *
vcrp_name(const struct vcrp *v)
{
	return v->name;
}

const char *
vcrp_default_room(const struct vcrp *v)
{
	return v->address.room;
}

const char *
vcrp_fingerprint(const struct vcrp *v)
{
	return v->link.tls != NULL ? vtls_fingerprint(v->link.tls) : "";
}

bool
vcrp_feature(const struct vcrp *v, const char *name, char *value_r,
    size_t size)
{
	const char *at = v->features, *equals;
	size_t len, name_len;

	for (; *at != '\0'; at += len + (at[len] == ',')) {
		len = strcspn(at, ",");
		equals = memchr(at, '=', len);
		name_len = equals != NULL ? (size_t)(equals - at) : len;
		if (name_len != strlen(name) ||
		    strncmp(at, name, name_len) != 0)
			continue;
		at += name_len + (equals != NULL);
		len -= name_len + (equals != NULL);
		if (len >= size)
			return false;
		memcpy(value_r, at, len);
		value_r[len] = '\0';
		return true;
	}
	return false;
}

uint64_t
vcrp_cursor(const struct vcrp *v, const char *room)
{
	const struct vroom *found = vroom_find(v->rooms, room);

	return found != NULL && found->state != VROOM_OUT ? found->cursor : 0;
}

bool
vcrp_address(const char *server, char *address_r, size_t size)
{
	struct vaddress address;
	const char *why;
	int len;

	if (vaddress_init(&address, server, &why) != 0)
		return false;
	len = address.path != NULL ?
	    snprintf(address_r, size, "%s", address.path) :
	    snprintf(address_r, size, "%s:%s", address.host, address.port);
	vaddress_fini(&address);
	return len >= 0 && (size_t)len < size;
}

bool
vcrp_user(const char *server, char *user_r, size_t size)
{
	struct vaddress address;
	const char *why;
	bool good = false;

	if (vaddress_init(&address, server, &why) != 0)
		return false;
	if (address.user != NULL)
		good = snprintf(user_r, size, "%s", address.user) < (int)size;
	vaddress_fini(&address);
	return good;
}

bool
vcrp_attribute(const struct vcrp_event *event, const char *key, char *value_r,
    size_t size)
{
	char attributes[VLINE_MAX];

	if (event->line == NULL || event->line[0] != '@')
		return false;
	snprintf(attributes, sizeof(attributes), "%.*s",
	    (int)strcspn(event->line + 1, " "), event->line + 1);
	return vline_attribute(attributes, key, value_r, size);
}

const char *
vcrp_version(void)
{
	return PACKAGE_VERSION;
}
