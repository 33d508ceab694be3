/* talk_stage.c -- a server under test and the connections to it
 *
 * SPDX-License-Identifier: MIT */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk_stage.h"

void
talk_stage_init(struct talk_stage *stage, const char *program)
{
	const char *wait = getenv("TALK_WAIT");

	memset(stage, 0, sizeof(*stage));
	if (program == NULL)
		program = getenv("VCRPD");
	if (program == NULL) {
		fprintf(stderr, "talk: VCRPD does not name the server\n");
		exit(2);
	}
	stage->wait_ms =
	    wait != NULL && atoi(wait) > 0 ? atoi(wait) * 1000 : 10000;
	stage->server = talk_server_new(program);
}

void
talk_stage_fini(struct talk_stage *stage)
{
	while (stage->count > 0)
		talk_stage_drop(stage, stage->peer[0]);
	talk_server_free(&stage->server);
}

static struct talk_peer *
connect_peer(struct talk_stage *stage, const char *name, const char *way,
    const char **why_r)
{
	struct talk_place place = { .port = stage->server->port };
	char path[256];

	if (way != NULL && strcmp(way, "local") == 0) {
		talk_server_socket(stage->server, path, sizeof(path));
		place.path = path;
	} else {
		place.from = way;
	}
	if (stage->count < TALK_PEERS_MAX)
		return talk_peer_new(name, &place, why_r);
	*why_r = "too many connections for one script";
	return NULL;
}

struct talk_peer *
talk_stage_find(struct talk_stage *stage, const char *name)
{
	for (size_t i = 0; i < stage->count; i++)
		if (strcmp(stage->peer[i]->name, name) == 0)
			return stage->peer[i];
	return NULL;
}

bool
talk_stage_add(struct talk_stage *stage, struct talk_peer *peer)
{
	if (stage->count == TALK_PEERS_MAX)
		return false;
	stage->peer[stage->count++] = peer;
	return true;
}

struct talk_peer *
talk_stage_peer(struct talk_stage *stage, const char *name, const char **why_r)
{
	const char *at = strchr(name, '@');
	size_t len = at ? (size_t)(at - name) : strlen(name);
	struct talk_peer *peer;
	char plain[64];

	snprintf(plain, sizeof(plain), "%.*s", (int)len, name);
	peer = talk_stage_find(stage, plain);
	if (peer != NULL)
		return peer;
	peer = connect_peer(stage, plain, at ? at + 1 : NULL, why_r);
	if (peer != NULL)
		stage->peer[stage->count++] = peer;
	return peer;
}

void
talk_stage_drop(struct talk_stage *stage, struct talk_peer *peer)
{
	size_t i = 0;

	while (stage->peer[i] != peer)
		i++;
	stage->peer[i] = stage->peer[--stage->count];
	talk_peer_free(&peer);
}

/* One look, of at most ms, for what comes in or, with a writer, for its
 * socket to take more. */
static void
look(struct talk_stage *stage, const struct talk_peer *writer, long long ms)
{
	struct pollfd ready[TALK_PEERS_MAX + 1];

	for (size_t i = 0; i < stage->count; i++) {
		struct talk_peer *p = stage->peer[i];
		bool reads = !p->stopped && !p->ended;

		ready[i].fd = reads || p == writer ? p->fd : -1;
		ready[i].events =
		    (short)((reads ? POLLIN : 0) | (p == writer ? POLLOUT : 0));
	}
	ready[stage->count].fd = stage->server->log_fd;
	ready[stage->count].events = POLLIN;
	if (poll(ready, stage->count + 1, ms < 0 ? 0 : (int)ms) <= 0)
		return;
	for (size_t i = 0; i < stage->count; i++)
		if (ready[i].revents & (POLLIN | POLLHUP | POLLERR) &&
		    !stage->peer[i]->stopped)
			talk_peer_read(stage->peer[i]);
	talk_server_read_log(stage->server);
}

void
talk_stage_turn(struct talk_stage *stage, long long until)
{
	do {
		look(stage, NULL, until - talk_now());
	} while (talk_now() < until);
}

bool
talk_stage_send(struct talk_stage *stage, struct talk_peer *peer,
    const char *bytes, size_t len)
{
	long long end = talk_now() + stage->wait_ms;

	while (len > 0 && talk_now() < end) {
		long sent = talk_peer_write(peer, bytes, len);

		if (sent < 0)
			return false;
		bytes += sent;
		len -= (size_t)sent;
		if (len > 0)
			look(stage, peer, end - talk_now());
	}
	return len == 0;
}

enum talk_got
talk_stage_line(
    struct talk_stage *stage, struct talk_peer *peer, const char **why_r)
{
	long long end = talk_now() + stage->wait_ms;

	for (;;) {
		if (talk_peer_take(peer, why_r))
			return TALK_LINE;
		if (*why_r != NULL)
			return TALK_FAULT;
		if (peer->ended)
			return TALK_END;
		if (talk_now() >= end)
			return TALK_LATE;
		look(stage, NULL, end - talk_now());
	}
}
