/* io.h -- a thread that owns connections: reads, parses, sends
 *
 * SPDX-License-Identifier: MIT
 *
 * One pass: what epoll says is read, its lines go to their rooms' mailboxes,
 * each touched room is woken once, the mail that came meanwhile is worked on,
 * and what the streams have more of is sent. All sockets are watched edge-
 * triggered and registered once; a thread that has turns left does not sleep.
 *
 * Files: io.c the pass and its time; io_mail.c its mail; ending.c how
 * connections end; session.c lines in; requests.c what they ask of rooms;
 * deliver.c bytes out; turn.c what of a stream; membership.c places in streams;
 * replay.c places in logs; udp.h sessions of datagrams;
 * admin.c what administrators ask.
 *
 * Threads: io_new/start/join/free main; the rest the io thread itself, except
 *          where it says so.
 * Locks:   none of its own.
 * Memory:  owns its connections, and their memberships. */
#ifndef NET_IO_H
#define NET_IO_H

#include <sys/socket.h>

#include "net/conn.h"
#include "sync/thread.h"

/* The rows of STATS, in this order. */
enum io_count {
	COUNT_LINES,		/* lines read */
	COUNT_REQUESTS,		/* sent to rooms */
	COUNT_SENDS,		/* sends of streams */
	COUNT_BYTES_IN,
	COUNT_BYTES_OUT,
	COUNT_BLOCKED,		/* sends that the socket did not take whole */
	COUNT_LAGS,		/* members that fell out of a window */
	COUNT_SLICES,		/* of logs */
	COUNT_PASSES,		/* returns from epoll_wait */
	COUNT_CLOSED,		/* connections ended */
	COUNT_KINDS
};

struct io {
	struct net    *net;		/* (c) */
	struct udp    *udp;		/* (o) of the thread of datagrams; or
					 * NULL */
	unsigned       index;		/* (c) */
	struct thread  thread;		/* (c) */
	struct mailbox box;		/* (s) answers only, so without limit */
	int            epoll;		/* (c) */
	struct table   conns;		/* (o) by id */
	unsigned       feeds;		/* (o) the open ones */
	struct link    awake;		/* (o) connections by last byte in */
	struct link    pinged;		/* (o) by PING sent */
	struct link    ending;		/* (o) by when they began to end */
	struct link    turns;		/* (o) connections with more to do */
	struct link    touched;		/* (o) feeds whose rooms have mail */
	struct link    dead;		/* (o) to be freed when the pass ends */
	struct link    hungry;		/* (o) readings that wait for a slice */
	unsigned       slices;		/* (o) asked for, or here */
	struct spares  spares;		/* (o) */
	struct tls_scratch *scratch;	/* (o) */
	uint64_t       now;		/* (o) clock_ms() of this pass */
	bool           stopping;	/* (o) */
	const char    *bye_code;	/* (o) nobody may stay; or NULL */
	uint64_t       bye_spread;	/* (o) */
	uint64_t       stop_at;		/* (o) the end of patience */
	bool           told;		/* (o) `quiet` was sent */
	unsigned       others;		/* (o) the thread of datagrams': whose
					 * `quiet` has come by here */
	bool           over;		/* (o) the thread ends */
	uint64_t       passed;		/* (o) bytes read and answered since
					 * memory was looked at */
	struct mail    quiet;		/* MAIL_ORDER: to main, once all have
					 * ended; or MAIL_QUIET */
	struct counter counts[COUNT_KINDS];	/* (a) */
	struct counter refused[LIMIT_COUNT];	/* (a) */
	char           buf[LINE_MAX_BYTES + INPUT_BYTES]; /* (o) */
};

/* What a member has while it is not live: has no place in the stream, or one
 * before `live`, or is leaving. */
struct behind {
	uint64_t        live;	/* ephemeral lines from here on */
	struct blob    *then;	/* to be sent at `live`; or NULL */
	uint64_t        want;	/* the next number, if it has no place */
	bool            no_log;	/* which cannot be read there */
	struct reading *reading; /* it has no place and the log has what it
				 * wants; or NULL */
	struct blob    *last_words; /* to be sent at `until`; or NULL */
};

/* main's orders, one to each io thread; freed by it. */
struct order {
	struct mail mail;	/* MAIL_ORDER */
	bool        stop;	/* all are sent away, and main is told when
				 * the last has ended; else the local ones
				 * stay */
	bool        over;	/* nothing more can come: the thread ends */
	const char *code;	/* BYE's: "restarting", "shutting-down" */
	uint64_t    spread;	/* ms; over which they are told to come back;
				 * 0: not at all */
	uint64_t    patience;	/* ms until what is left is cut */
};

/* NULL and *why_r when the machine gives no more descriptors. */
struct io *io_new(struct net *, unsigned index, const char **why_r);
int io_start(struct io *);
void io_join(struct io *);
void io_free(struct io **);

/* One pass, at that time of clock_ms(): what the thread does with n events.
 * For tests, which have no thread. */
struct epoll_event;
void io_pass(struct io *, const struct epoll_event *, int n, uint64_t now);

/* Of its files. */

static inline void
io_count(struct io *io, enum io_count what, uint64_t more)
{
	counter_add(&io->counts[what], more);
}

static inline void
io_refused(struct io *io, const struct conn *c, enum limiter what)
{
	counter_add(&io->refused[what], 1);
	refusals_tell(&io->net->refusals, what,
	    person_name(c->contact.person), &c->peer, io->now);
}

/* Another look at this connection before the thread sleeps. */
void io_turn(struct io *, struct conn *);
/* Mail to a room, with the rest of what this pass has for it. */
void io_ask(struct io *, struct feed *, struct mail *);
/* What this pass has for a room goes there, which is woken; other mail to it
 * goes behind. */
void io_post(struct feed *);
/* Something came from it. */
void io_active(struct io *, struct conn *);
/* The one end of a connection, good to be called twice. */
void io_close(struct io *, struct conn *, enum conn_end);
/* Ends it once all it asked is answered and sent; then bye (taken; or NULL)
 * is said. At once, without what its streams still have, if `abrupt`. */
void io_finish(struct io *, struct conn *, enum conn_end, struct blob *bye,
    bool abrupt);
/* "BYE code", with a moment within spread (ms) to come back at unless 0. */
struct blob *io_bye(const char *code, uint64_t spread);
/* Ends it if an order says that it may not stay. */
void io_send_away(struct io *, struct conn *);
/* Frees what was waiting only for the last of its mail. */
void io_bury(struct io *, struct conn *);
struct conn *io_find(struct io *, uint64_t id);
/* This io thread holds the room from now on. */
void io_open_feed(struct io *, struct feed *);
/* Lets go of the room if nothing needs it. */
void io_close_feed(struct io *, struct feed *);

/* io_mail.c: one piece of mail. */
void io_take_mail(struct io *, struct mail *);

/* session.c: what was read, as far as may be. */
void session_input(struct io *, struct conn *);
/* Whole lines that came at once, by a datagram. False: some have to wait, and
 * too many wait already: they are lost. */
bool session_datagram(struct io *, struct conn *, struct slice lines);
/* requests.c: what the line asks, of its connection, which has one more under
 * way until it is back. */
struct request *session_request(struct io *, struct conn *,
    const struct words *, struct slice line);
/* To its room, or held until that has places. */
void session_send(struct io *, struct conn *, struct request *);
/* It is back. */
void session_returned(struct io *, struct request *);
/* A full mailbox has places again. */
void session_space(struct io *, struct feed *);

/* deliver.c: all that the connection may be sent now. */
void deliver(struct io *, struct conn *);
/* The stream has more: all members of the feed. */
void deliver_feed(struct io *, struct feed *);
/* membership.c: a new membership, or an old one's new place, which is used
 * up. */
void deliver_attach(struct io *, struct conn *, struct member *,
    struct place *);
/* membership.c: it is not live. */
struct behind *deliver_behind(struct member *);
/* It may be live now, or is gone: frees what is not needed any more. */
void deliver_caught_up(struct member *);
/* It is given what its streams have now, and no more. */
void deliver_last(struct member *);
/* Has the connection everything that its streams have? */
bool deliver_done(const struct conn *);
/* Mail of memberships. */
void deliver_again(struct io *, struct move *);
void deliver_end(struct io *, struct move *);
void deliver_detached(struct io *, struct move *);
/* The connection is gone. */
void deliver_detach(struct io *, struct member *);
/* Frees the membership if nothing of it is under way. */
void deliver_forget(struct io *, struct member *);
/* deliver.c: sends some of what a room has said, `len` bytes in all: how many
 * the socket took, less than that if it is blocked; -1: it is closed. */
ssize_t deliver_send(struct io *, struct conn *, struct msghdr *, size_t len);
/* deliver.c: what is due at the position that was reached. False: the member
 * is gone. */
bool deliver_arrive(struct io *, struct member *);
/* deliver.c: the membership is over for this connection, which hears its last
 * words. */
void deliver_finish(struct io *, struct member *);
/* The rest of a begun line goes out before anything else. */
void deliver_uncut(struct conn *);
/* Asks the room for a place at the number that the member wants. */
void deliver_ask(struct member *);

/* replay.c: the log has what the member wants, from that number on. */
void replay_begin(struct member *, uint64_t from);
/* The connection can take more of it. */
void replay_more(struct io *, struct member *);
/* Mail: a slice is here. */
void replay_slice(struct io *, struct reading *);
/* What was under way when a JOIN moved it is back. */
void replay_moved(struct io *, struct member *);
/* It has a place again, or is gone. Nothing is under way. */
void replay_end(struct io *, struct member *);

/* admin.c: an administrator's request, to be seen by every io thread. */
void admin_ask(struct io *, struct request *);
/* Mail: on this thread; then on to the next. */
void admin_visit(struct io *, struct request *);

#endif
