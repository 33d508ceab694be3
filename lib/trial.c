/* trial.c -- from a stream to datagrams, if these come through
 *
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/session.h"

#define TRY_MOST	3000	/* for OK UDP, and for the first datagram */
#define PING_AGAIN	200

static void
write_key(struct vcrp *v, const char *session, const char *key)
{
	char line[VLINE_MAX];
	int len = snprintf(line, sizeof(line), "VCRP_DATAGRAM %s %s\n",
	    session, key);

	if (v->keylog >= 0 && write(v->keylog, line, (size_t)len) != len)
		vsession_end(v, "keylog", "the keys cannot be written");
	explicit_bzero(line, sizeof(line));
}

static int64_t
try_until(const struct vcrp *v)
{
	return vclock_now() + (v->timeout < TRY_MOST ? v->timeout : TRY_MOST);
}

__attribute__((format(printf, 2, 3))) static void
stay(struct vcrp *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(v->stays, sizeof(v->stays), format, args);
	va_end(args);
	vudp_free(&v->trial);
	vsession_up(v);
}

void
vtrial_begin(struct vcrp *v, const char *name)
{
	char none[1];

	snprintf(v->name, sizeof(v->name), "%s", name);
	strcpy(v->welcome, v->line);
	if (!v->udp) {
		stay(v, "%s", "");
	} else if (!vcrp_feature(v, "udp", none, sizeof(none))) {
		stay(v, "the server offers none on this connection%s",
		    vcrp_feature(v, "tls", none, sizeof(none)) ?
		    "; vcrps:// may help" : "");
	} else {
		vlink_put(&v->link, "UDP\n", 4);
		v->phase = PHASE_ASKING;
		v->deadline = try_until(v);
	}
}

void
vtrial_time_out(struct vcrp *v)
{
	if (v->phase == PHASE_ASKING)
		stay(v, "the server does not answer UDP");
	else
		stay(v, "none come through from UDP port %s of %s",
		    v->address.port, v->address.host);
}

void
vtrial_answer(struct vcrp *v, const struct vline *line)
{
	if (line->kind == VERB_OK && line->count > 2)
		v->trial = vudp_new(v->link.fd, line->words[1],
		    line->words[2], 2 * v->timeout);
	if (line->kind == VERB_ERR) {
		stay(v, "the server refuses them: %s%s%s", line->words[0],
		    line->text != NULL ? ": " : "",
		    line->text != NULL ? line->text : "");
	} else if (v->trial == NULL) {
		stay(v, "the session that the server gave cannot be used");
	} else {
		v->phase = PHASE_TRYING;
		v->ping_at = vclock_now();
		v->deadline = try_until(v);
		write_key(v, line->words[1], line->words[2]);
	}
	explicit_bzero(v->line, sizeof(v->line));
	explicit_bzero(v->parts, sizeof(v->parts));
}

/* The stream goes; what it brought already is still told. */
static void
change_over(struct vcrp *v)
{
	struct vudp *udp = v->trial;

	v->trial = NULL;
	vlink_put(&v->link, "QUIT\n", 5);
	vlink_flush(&v->link);
	vlink_switch(&v->link, udp);
	vsession_up(v);
	vtrial_ping(v);
}

void
vtrial_step(struct vcrp *v)
{
	int64_t now = vclock_now();

	vudp_step(v->trial);
	if (vudp_is_alive(v->trial)) {
		change_over(v);
	} else if (now >= v->deadline) {
		vtrial_time_out(v);
	} else if (now >= v->ping_at) {
		vudp_send(v->trial, "PING\n", 5);
		v->ping_at = now + PING_AGAIN;
	}
}

void
vtrial_ping(struct vcrp *v)
{
	v->ping_sent_at = vclock_now();
	if (vsession_send(v, v->numbers + 1, " PING"))
		v->ping = ++v->numbers;
}
