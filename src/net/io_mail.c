/* io_mail.c -- what an io thread does with its mail
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "net/accounting.h"
#include "net/io.h"
#include "net/shed.h"
#include "net/udp.h"
#include "proto/mail.h"
#include "room/marks.h"
#include "room/room.h"

/* It logged in while its network began to be kept out. */
static void
turn_out_banned(struct io *io, struct conn *c)
{
	if (!c->peer.local &&
	    bans_has(&io->net->bans, &c->peer.ip, io->now, NULL))
		io_finish(io, c, END_KILLED, io_bye("killed banned", 0),
		    true);
}

/* It has logged in, which is told it here, where its person is known. False:
 * it is closed. */
static bool
welcome(struct io *io, struct conn *c)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	struct slice name = person_name(c->contact.person), id = { 0 };
	struct blob *ok = NULL;

	if (c->tls != NULL)
		tls_move(c->tls, io->scratch);
	if (c->login_id != NULL)
		id = (struct slice){ c->login_id->data, c->login_id->len };
	reply_ok(&ok, id, c->contact.person->account ? "AUTH" : "HELLO");
	blob_printf(&ok, " %.*s\n", (int)name.len, name.at);
	conn_put(c, ok);
	blob_unref(&c->login_id);
	ev.data.ptr = c;
	if (epoll_ctl(io->epoll, EPOLL_CTL_ADD, c->fd, &ev) == 0)
		return true;
	log_warn("epoll_ctl: %s", strerror(errno));
	io_close(io, c, END_LOST);
	return false;
}

/* A connection from the acceptor; or a session of datagrams, from the thread
 * of who asked for it. */
static void
take_conn(struct io *io, struct conn *c)
{
	table_add(&io->conns, &c->node);
	c->active = io->now;
	list_append(&io->awake, &c->by_time);
	if (c->udp != NULL)
		udp_begin(io, c);
	else if (!welcome(io, c))
		return;
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
	blob_printf(&bye, "BYE killed %s\n",
	    c->contact.evicted == EVICT_PASSWORD ? "password changed" :
	    "account disabled");
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
	struct blob *words = c != NULL && c->udp != NULL &&
	    move->place.first != NULL ? blob_ref(move->place.first) : NULL;

	if (m->feed->open)
		registry_close(io->net->registry, m->feed->room);
	else
		io_open_feed(io, m->feed);
	if (c != NULL) {
		deliver_attach(io, c, m, &move->place);
		if (words != NULL)
			remind_entry(m, words);
	} else {
		m->feed->under_way++;
		deliver_detach(io, m);
		m->feed->under_way--;
	}
	blob_unref(&words);
	move_free(&move);
}

static void
take_feed(struct io *io, struct feed *f)
{
	/* Before its stream is looked at: what comes after that look is told
	 * again. */
	atomic_exchange(&f->dirty, false);
	deliver_feed(io, f);
}

void
io_take_mail(struct io *io, struct mail *m)
{
	switch (m->kind) {
	case MAIL_REQUEST:
		session_returned(io, table_entry(m, struct request, mail));
		break;
	case MAIL_FEED:
		take_feed(io, table_entry(m, struct feed, more));
		break;
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
	case MAIL_QUIET:
		io->others++;
		m->kind = MAIL_ORDER;
		mailbox_send(io->net->main, m);
		break;
	case MAIL_ORDER:
		take_order(io, table_entry(m, struct order, mail));
		break;
	default:
		assert(!"mail that an io thread does not take");
	}
}
