/* load.c -- one run of the load generator: its options, members and counts
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "link.h"
#include "load.h"
#include "protocol.h"
#include "scram.h"
#include "secure.h"

#define FAULTS_PRINTED 10
#define EVENTS_AT_ONCE 512

void
load_watch_input(struct load *l)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };

	/* A file cannot be waited for; then the time alone ends the run. */
	epoll_ctl(l->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev);
}

static void
make_rooms(struct load *l, const unsigned *sizes)
{
	const struct options *opt = l->opt;

	l->rooms = must(calloc(opt->rooms + 1, sizeof(*l->rooms)));
	l->count = opt->rooms == 0 ? opt->members : 0;
	for (unsigned i = 0; i < opt->rooms; i++) {
		struct room *room = &l->rooms[i];

		room->name_len = snprintf(
		    room->name, sizeof(room->name), "%s%u", opt->room, i);
		room->count = sizes != NULL ? sizes[i] : opt->members;
		l->count += room->count;
		record_init(&room->said);
	}
}

/* One into each room, and again, until all are full. */
static void
fill_rooms(struct load *l)
{
	unsigned done = 0;

	for (unsigned place = 0; done < l->count; place++)
		for (unsigned i = 0; i < l->opt->rooms; i++) {
			struct room *room = &l->rooms[i];
			struct member *m = &l->members[done];

			if (place >= room->count)
				continue;
			m->room = room;
			m->place = place;
			m->next_in_room = room->members;
			room->members = m;
			done++;
		}
}

/* Where nobody receives what he says himself, another one of the room tells
 * that it was said: always the same. */
static void
pair_up(struct load *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct member *m = &l->members[i];

		if (m->room != NULL)
			m->acks = m->next_in_room != NULL ? m->next_in_room
							  : m->room->members;
	}
}

void
load_init(struct load *l, const struct options *opt, const unsigned *sizes)
{
	memset(l, 0, sizeof(*l));
	l->opt = opt;
	l->protocol = protocol_find(opt->protocol);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		perror("vcrp-bench: epoll_create1");
		exit(2);
	}
	l->input = must(malloc(INPUT_HEAD + INPUT_BYTES));
	l->pad = must(malloc(TEXT_MAX_BYTES));
	for (unsigned i = 0; i < TEXT_MAX_BYTES; i++)
		l->pad[i] = 'a' + i % 26;
	make_rooms(l, sizes);
	l->members = must(calloc(l->count, sizeof(*l->members)));
	for (unsigned i = 0; i < l->count; i++) {
		l->members[i].fd = -1;
		l->members[i].acks = &l->members[i];
		if (opt->user != NULL || opt->users != NULL)
			l->members[i].login =
			    must(calloc(1, sizeof(struct scram)));
	}
	if (opt->rooms > 0)
		fill_rooms(l);
	if (!l->protocol->echo)
		pair_up(l);
	if (opt->tls)
		l->tls = secure_init();
	l->keys = must(calloc(1, sizeof(*l->keys)));
	link_resolve(l);
}

void
load_fini(struct load *l)
{
	l->ending = true;
	for (unsigned i = 0; i < l->count; i++) {
		struct member *m = &l->members[i];

		link_close(l, m, false);
		if (m->voice != NULL)
			free(m->voice->when);
		free(m->voice);
		free(m->login);
		free(m->heard);
	}
	for (unsigned i = 0; i < l->opt->rooms; i++)
		record_fini(&l->rooms[i].said);
	free(l->rooms);
	free(l->members);
	free(l->input);
	free(l->pad);
	free(l->keys);
	if (l->tls != NULL)
		secure_fini(l->tls);
	close(l->epoll);
}

unsigned
load_index(const struct load *l, const struct member *m)
{
	return m - l->members;
}

static void
input_came(struct load *l)
{
	char some[256];
	ssize_t n = read(STDIN_FILENO, some, sizeof(some));

	l->line_came = true;
	if (n <= 0)
		epoll_ctl(l->epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
}

void
load_turn(struct load *l, uint64_t wait)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	struct timespec limit = { wait / 1000000000u, wait % 1000000000u };
	int n = epoll_pwait2(l->epoll, events, EVENTS_AT_ONCE, &limit, NULL);

	if (n < 0 && errno != EINTR) {
		perror("vcrp-bench: epoll_pwait2");
		exit(2);
	}
	l->now = now_ns();
	for (int i = 0; i < n; i++) {
		struct member *m = events[i].data.ptr;

		if (m == NULL)
			input_came(l);
		else if (m->fd >= 0)
			link_event(l, m, events[i].events);
	}
}

void
load_enter(struct load *l)
{
	uint64_t patience = l->opt->patience * 1e9, moved = now_ns();
	unsigned begun = 0, before = 0, done;

	while (begun < l->count || l->under_way > 0) {
		while (begun < l->count && l->under_way < l->opt->at_once &&
		    link_open(l, &l->members[begun]))
			begun++;
		load_turn(l, 1000000);
		done = begun - l->under_way;
		if (done != before)
			moved = l->now;
		before = done;
		if (l->now - moved < patience)
			continue;
		load_fault(l, NULL, "%u logins stuck", l->under_way);
		break;
	}
}

void
load_fault(struct load *l, const struct member *m, const char *fmt, ...)
{
	va_list ap;

	if (l->faults++ >= FAULTS_PRINTED)
		return;
	fprintf(stderr, "fault: ");
	if (m != NULL)
		fprintf(stderr, "member %u%s%s: ", load_index(l, m),
		    m->room != NULL ? " of " : "",
		    m->room != NULL ? m->room->name : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int
load_result(struct load *l)
{
	if (l->tls != NULL)
		histogram_print(&l->secured, "handshake");
	figure_int("members", l->inside);
	figure_int("refused", l->refused);
	figure_int("closed", l->gone);
	figure_int("byes", l->byes);
	figure_int("errors", l->errors);
	figure_int("faults", l->faults);
	return l->faults == 0 ? 0 : 1;
}
