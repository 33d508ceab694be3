/* io.c -- a thread that owns connections: the pass, its mail and its time
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/accounting.h"
#include "net/io.h"
#include "net/shed.h"
#include "proto/mail.h"
#include "room/marks.h"
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

/* It logged in while its network began to be kept out. */
static void
turn_out_banned(struct io *io, struct conn *c)
{
	if (!c->peer.local &&
	    bans_has(&io->net->bans, &c->peer.ip, io->now, NULL))
		io_finish(io, c, END_KILLED, io_bye("killed banned", 0),
		    true);
}

/* A connection from the acceptor: it has logged in, which is told it here,
 * where its person is known. */
static void
take_conn(struct io *io, struct conn *c)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	struct slice name = person_name(c->contact.person), id = { 0 };
	struct blob *ok = NULL;

	table_add(&io->conns, &c->node);
	if (c->tls != NULL)
		tls_move(c->tls, io->scratch);
	c->active = io->now;
	list_append(&io->awake, &c->by_time);
	if (c->login_id != NULL)
		id = (struct slice){ c->login_id->data, c->login_id->len };
	reply_ok(&ok, id, c->contact.person->account ? "AUTH" : "HELLO");
	blob_printf(&ok, " %.*s\n", (int)name.len, name.at);
	conn_put(c, ok);
	blob_unref(&c->login_id);
	ev.data.ptr = c;
	if (epoll_ctl(io->epoll, EPOLL_CTL_ADD, c->fd, &ev) < 0) {
		log_warn("epoll_ctl: %s", strerror(errno));
		io_close(io, c, END_LOST);
		return;
	}
	io_turn(io, c);
	io_send_away(io, c);
	turn_out_banned(io, c);
}

static void
take_order(struct io *io, struct order *o)
{
	struct table_node *n = NULL;

	io->over = o->over;
	if (o->stop) {
		io->stopping = true;
		io->stop_at = io->now + o->patience;
	}
	io->bye_code = o->code;
	io->bye_spread = o->spread;
	while ((n = table_next(&io->conns, n)) != NULL)
		io_send_away(io, table_entry(n, struct conn, node));
	free(o);
}

static void
take_evict(struct io *io, struct conn *c)
{
	struct blob *bye = NULL;

	c->evicted = true;
	if (c->fd < 0) {
		if (c->left)
			list_append(&io->dead, &c->turn);
		return;
	}
	if (c->contact.evicted == EVICT_REPLACED) {
		io_finish(io, c, END_REPLACED, io_bye("replaced", 0), true);
		return;
	}
	blob_printf(&bye, "BYE killed account disabled\n");
	io_finish(io, c, END_KILLED, bye, true);
}

/* A line for one connection, if it is still there. */
static void
take_telling(struct io *io, struct telling *t)
{
	struct conn *c = io_find(io, t->conn);

	if (c != NULL && c->fd >= 0 && c->end == END_NONE) {
		conn_put(c, t->line);
		t->line = NULL;
		io_turn(io, c);
	}
	blob_unref(&t->line);
	free(t);
}

/* A direct conversation enters a connection, if it is still there. The room
 * is held for this thread by whoever sent it. */
static void
take_attach(struct io *io, struct move *move)
{
	struct member *m = move->member;
	struct conn *c = io_find(io, m->conn_id);

	if (m->feed->open)
		registry_close(io->net->registry, m->feed->room);
	else
		io_open_feed(io, m->feed);
	if (c != NULL) {
		deliver_attach(io, c, m, &move->place);
	} else {
		m->feed->under_way++;
		deliver_detach(io, m);
		m->feed->under_way--;
	}
	move_free(&move);
}

static void
take_mail(struct io *io, struct mail *m)
{
	switch (m->kind) {
	case MAIL_REQUEST:
		session_returned(io, table_entry(m, struct request, mail));
		break;
	case MAIL_FEED: {
		struct feed *f = table_entry(m, struct feed, more);

		/* Before its stream is looked at: what comes after that look
		 * is told again. */
		atomic_exchange(&f->dirty, false);
		deliver_feed(io, f);
		break;
	}
	case MAIL_CONN:
		take_conn(io, table_entry(m, struct conn, mail));
		break;
	case MAIL_AGAIN:
		deliver_again(io, table_entry(m, struct move, mail));
		break;
	case MAIL_READ:
		replay_slice(io, table_entry(m, struct reading, mail));
		break;
	case MAIL_DETACH:
		deliver_detached(io, table_entry(m, struct move, mail));
		break;
	case MAIL_ATTACH:
		take_attach(io, table_entry(m, struct move, mail));
		break;
	case MAIL_END:
		deliver_end(io, table_entry(m, struct move, mail));
		break;
	case MAIL_SPACE:
		session_space(io, table_entry(m, struct feed, space));
		break;
	case MAIL_VISIT:
		admin_visit(io, table_entry(m, struct request, mail));
		break;
	case MAIL_EVICT: {
		struct contact *p = table_entry(m, struct contact, evict);

		take_evict(io, table_entry(p, struct conn, contact));
		break;
	}
	case MAIL_SHED:
		shed_some(io, table_entry(m, struct shed, mail));
		break;
	case MAIL_TELL:
		take_telling(io, table_entry(m, struct telling, mail));
		break;
	case MAIL_ACCOUNT:
		accounting_answer(io,
		    table_entry(m, struct account_order, mail));
		break;
	case MAIL_ORDER:
		take_order(io, table_entry(m, struct order, mail));
		break;
	default:
		assert(!"mail that an io thread does not take");
	}
}

static void
take_all_mail(struct io *io)
{
	struct mail *waiters, *next;
	struct mail *m = mailbox_take(&io->box, &waiters);

	for (; m != NULL; m = next) {
		next = m->next;
		take_mail(io, m);
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

/* Each list is in the order of its times, so only heads are looked at. */
static void
take_time(struct io *io)
{
	const struct config *config = io->net->config;
	uint64_t idle = (uint64_t)config_get(&config->limits_idle_timeout);
	uint64_t patience = (uint64_t)config_get(&config->limits_ping_timeout);
	struct conn *c;

	/* A stop has a patience of its own. */
	while (!io->stopping && (c = oldest(&io->ending)) != NULL &&
	    io->now - c->active >= ENDING_MS)
		io_close(io, c, c->end);
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
	uint64_t idle = (uint64_t)config_get(&config->limits_idle_timeout);
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
	if (until == UINT64_MAX)
		return -1;
	return until <= io->now ? 0 : (int)(until - io->now < 60000 ?
	    until - io->now + 1 : 60000);
}

/* Other threads may still send it mail, so it goes on until main, which hears
 * from all, says that none can come. */
static void
tell_quiet(struct io *io)
{
	if (!io->stopping || io->told || io->conns.count > 0)
		return;
	io->told = true;
	io->quiet.kind = MAIL_ORDER;
	mailbox_send(io->net->main, &io->quiet);
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
		mailbox_rose(&io->box);
		io->now = clock_ms();
		io_count(io, COUNT_PASSES, 1);
		take_events(io, events, n);
		take_turns(io);
		if (io->passed >= SHED_PASSED)
			shed_passed(io);
		take_all_mail(io);
		take_time(io);
		wake_rooms(io);
		free_dead(io);
		tell_quiet(io);
	}
	free(events);
}

int
io_start(struct io *io)
{
	char name[16];

	snprintf(name, sizeof(name), "io %u", io->index);
	return thread_start(&io->thread, name, IO_STACK, false, run, io);
}

void
io_join(struct io *io)
{
	thread_join(&io->thread);
}
