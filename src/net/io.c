/* io.c -- a thread that owns connections: the pass and its time
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/io.h"
#include "net/shed.h"
#include "net/udp.h"
#include "proto/mail.h"
#include "room/room.h"

enum {
	EVENTS = 16384,	/* all that speak at once go to their rooms at once, so
			 * that one send carries what they all said */
	IO_STACK = 256 * 1024,
	ENDING_MS = 5000	/* to take what is still for it */
};

static struct slice
conn_key(const struct table_node *n)
{
	const struct conn *c = table_entry(n, const struct conn, node);

	return (struct slice){ (const char *)&c->contact.conn,
	    sizeof(c->contact.conn) };
}

struct io *
io_new(struct net *net, unsigned index, const char **why_r)
{
	struct io *io = xcalloc(1, sizeof(*io));
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int rc = mailbox_init_eventfd(&io->box, 0);

	io->net = net;
	io->index = index;
	io->scratch = tls_scratch_new();
	io->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (rc < 0 || io->epoll < 0) {
		*why_r = strerror(rc < 0 ? -rc : errno);
		tls_scratch_free(&io->scratch);
		free(io);
		return NULL;
	}
	ev.data.ptr = NULL;
	epoll_ctl(io->epoll, EPOLL_CTL_ADD, io->box.fd, &ev);
	table_init(&io->conns, conn_key);
	list_init(&io->awake);
	list_init(&io->pinged);
	list_init(&io->ending);
	list_init(&io->turns);
	list_init(&io->touched);
	list_init(&io->dead);
	list_init(&io->hungry);
	return io;
}

void
io_free(struct io **at)
{
	struct io *io = *at;

	*at = NULL;
	if (io == NULL)
		return;
	assert(io->conns.count == 0 && io->feeds == 0);
	udp_free(&io->udp);
	close(io->epoll);
	mailbox_fini(&io->box);
	table_fini(&io->conns);
	spares_fini(&io->spares);
	tls_scratch_free(&io->scratch);
	free(io);
}

void
io_turn(struct io *io, struct conn *c)
{
	if (c->fd >= 0 && list_empty(&c->turn))
		list_append(&io->turns, &c->turn);
}

void
io_active(struct io *io, struct conn *c)
{
	c->active = io->now;
	c->pinged = false;
	if (c->end != END_NONE)
		return;
	list_remove(&c->by_time);
	list_append(&io->awake, &c->by_time);
}

struct conn *
io_find(struct io *io, uint64_t id)
{
	struct table_node *n = table_find(&io->conns,
	    (struct slice){ (const char *)&id, sizeof(id) });

	return n == NULL ? NULL : table_entry(n, struct conn, node);
}

void
io_open_feed(struct io *io, struct feed *f)
{
	assert(!f->open);
	f->open = true;
	io->feeds++;
}

void
io_close_feed(struct io *io, struct feed *f)
{
	if (!f->open || f->under_way > 0 || f->waiting ||
	    !list_empty(&f->here) || !list_empty(&f->touched) ||
	    atomic_load(&f->dirty))
		return;
	f->open = false;
	chunk_unref(&f->oldest);
	io->feeds--;
	registry_close(io->net->registry, f->room);
}

static void
take_all_mail(struct io *io)
{
	struct mail *waiters, *next;
	struct mail *m = mailbox_take(&io->box, &waiters);

	for (; m != NULL; m = next) {
		next = m->next;
		io_take_mail(io, m);
		if (io->passed >= SHED_PASSED)
			shed_passed(io);
	}
}

void
io_ask(struct io *io, struct feed *f, struct mail *m)
{
	chain_add(&f->asked, m);
	if (list_empty(&f->touched))
		list_append(&io->touched, &f->touched);
}

void
io_post(struct feed *f)
{
	mailbox_post_all(&f->room->inbox, &f->asked, f->asks);
	f->asks = 0;
}

static void
wake_rooms(struct io *io)
{
	while (!list_empty(&io->touched)) {
		struct feed *f =
		    list_entry(io->touched.next, struct feed, touched);

		list_remove(&f->touched);
		io_post(f);
	}
}

static void
unblock(struct io *io, struct conn *c)
{
	int rc = conn_unblock(c);

	if (rc > 0)
		io_turn(io, c);
	else if (rc < 0)
		io_close(io, c, END_LOST);
}

/* Everything that is ready reads first, so that the rooms' threads have work
 * while this one sends. */
static void
take_events(struct io *io, const struct epoll_event *events, int n)
{
	for (int i = 0; i < n; i++) {
		struct conn *c = events[i].data.ptr;
		uint32_t what = events[i].events;

		if (c != NULL && io->udp != NULL) {
			udp_event(events[i].data.ptr);
			continue;
		}
		if (c == NULL || c->fd < 0)
			continue;
		if (what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			c->hup = true;
		if (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
			c->readable = true;
			session_input(io, c);
		}
		if ((what & EPOLLOUT) && c->fd >= 0 && c->blocked)
			unblock(io, c);
	}
	wake_rooms(io);
}

static void
take_turns(struct io *io)
{
	struct link now;

	if (list_empty(&io->turns))
		return;
	/* Who asks for another turn gets it in the next pass. */
	now.next = io->turns.next;
	now.prev = io->turns.prev;
	now.next->prev = now.prev->next = &now;
	list_init(&io->turns);
	while (!list_empty(&now)) {
		struct conn *c = list_entry(now.next, struct conn, turn);

		list_remove(&c->turn);
		session_input(io, c);
		deliver(io, c);
	}
	wake_rooms(io);
}

static void
free_dead(struct io *io)
{
	while (!list_empty(&io->dead)) {
		struct conn *c = list_entry(io->dead.next, struct conn, turn);

		list_remove(&c->turn);
		conn_free(&c);
	}
}

static struct conn *
oldest(struct link *list)
{
	return list_empty(list) ? NULL :
	    list_entry(list->next, struct conn, by_time);
}

static void
ping(struct io *io, struct conn *c)
{
	conn_add(c, slice_of("PING idle\n"));
	c->pinged = true;
	c->active = io->now;
	list_remove(&c->by_time);
	list_append(&io->pinged, &c->by_time);
	io_turn(io, c);
}

/* In seconds; 0: nobody is asked whether it is there. */
static uint64_t
idle_timeout(const struct io *io)
{
	return io->udp != NULL ? 0 :
	    (uint64_t)config_get(&io->net->config->limits_idle_timeout);
}

/* Each list is in the order of its times, so only heads are looked at. */
static void
take_time(struct io *io)
{
	const struct config *config = io->net->config;
	uint64_t idle = idle_timeout(io);
	uint64_t patience = (uint64_t)config_get(&config->limits_ping_timeout);
	struct conn *c;

	/* A stop has a patience of its own. */
	while (!io->stopping && (c = oldest(&io->ending)) != NULL &&
	    io->now - c->active >= ENDING_MS)
		io_close(io, c, c->end);
	if (io->udp != NULL)
		udp_time(io);
	while (idle > 0 && (c = oldest(&io->awake)) != NULL &&
	    io->now - c->active >= idle * 1000)
		ping(io, c);
	while ((c = oldest(&io->pinged)) != NULL &&
	    io->now - c->active >= patience * 1000) {
		io_refused(io, c, LIMIT_IDLE_TIMEOUT);
		io_finish(io, c, END_IDLE, io_bye("idle", 0), true);
	}
	if (io->stopping && io->now >= io->stop_at) {
		for (struct table_node *n = table_next(&io->conns, NULL);
		    n != NULL; n = table_next(&io->conns, n))
			io_close(io, table_entry(n, struct conn, node),
			    END_STOPPED);
		io->stop_at = UINT64_MAX;	/* done; what is left is mail */
	}
}

static void
sooner(uint64_t *until, const struct conn *c, uint64_t after)
{
	if (c != NULL && c->active + after < *until)
		*until = c->active + after;
}

/* In milliseconds; -1: as long as it likes. */
static int
may_sleep_for(struct io *io)
{
	const struct config *config = io->net->config;
	uint64_t idle = idle_timeout(io);
	uint64_t until = UINT64_MAX;

	if (!list_empty(&io->turns) || !mailbox_may_sleep(&io->box))
		return 0;
	if (!io->stopping)
		sooner(&until, oldest(&io->ending), ENDING_MS);
	sooner(&until, oldest(&io->pinged),
	    (uint64_t)config_get(&config->limits_ping_timeout) * 1000);
	if (idle > 0)
		sooner(&until, oldest(&io->awake), idle * 1000);
	if (io->stopping && io->stop_at < until)
		until = io->stop_at;
	if (io->udp != NULL && udp_next(io) < until)
		until = udp_next(io);
	if (until == UINT64_MAX)
		return -1;
	return until <= io->now ? 0 : (int)(until - io->now < 60000 ?
	    until - io->now + 1 : 60000);
}

/* Other threads may still send it mail, so it goes on until main, which hears
 * from all, says that none can come. Sessions of datagrams come from the
 * others: their thread hears of each of these first, behind what it sent. */
static void
tell_quiet(struct io *io)
{
	struct net *net = io->net;

	if (!io->stopping || io->told || io->conns.count > 0 ||
	    (io->udp != NULL && io->others < net->stream_ios))
		return;
	io->told = true;
	if (net->udp == io->udp) {
		io->quiet.kind = MAIL_ORDER;
		mailbox_send(net->main, &io->quiet);
	} else {
		io->quiet.kind = MAIL_QUIET;
		mailbox_send(&net->ios[net->io_count - 1]->box, &io->quiet);
	}
}

void
io_pass(struct io *io, const struct epoll_event *events, int n, uint64_t now)
{
	mailbox_rose(&io->box);
	io->now = now;
	io_count(io, COUNT_PASSES, 1);
	take_events(io, events, n);
	if (io->udp != NULL)
		udp_receive(io);
	take_turns(io);
	if (io->passed >= SHED_PASSED)
		shed_passed(io);
	take_all_mail(io);
	if (io->udp != NULL)
		udp_input(io);
	take_time(io);
	wake_rooms(io);
	if (io->udp != NULL)
		udp_flush(io);
	free_dead(io);
	tell_quiet(io);
}

static void
run(void *arg)
{
	struct io *io = arg;
	struct epoll_event *events = xmalloc(EVENTS * sizeof(*events));

	io->now = clock_ms();
	while (!io->over) {
		int n = epoll_wait(io->epoll, events, EVENTS,
		    may_sleep_for(io));

		assert(n >= 0 || errno == EINTR);
		io_pass(io, events, n, clock_ms());
	}
	free(events);
}

int
io_start(struct io *io)
{
	char name[16];

	if (io->udp != NULL)
		snprintf(name, sizeof(name), "udp");
	else
		snprintf(name, sizeof(name), "io %u", io->index);
	return thread_start(&io->thread, name, IO_STACK, false, run, io);
}

void
io_join(struct io *io)
{
	thread_join(&io->thread);
}
