/* udp.h -- sessions of datagrams: connections without a socket of their own
 *
 * SPDX-License-Identifier: MIT
 *
 * The udp thread is an io thread, the last of net->ios, and these sessions are
 * its connections; it has no others. What a session sends goes the way of all
 * lines, and what it is sent comes by conn_send() as to any connection: so
 * rooms, administrators and the end of the server know nothing of datagrams.
 * What is different is here:
 *
 *   in    datagrams are received a batch a pass, before the mail is taken, and
 *         opened after it: so a session that somebody was told of is known
 *   out   the lines of a pass are collected into one datagram a session, or
 *         more (udp_put()); all are sealed and sent at the pass's end, or when
 *         there is no room for more
 *   time  a session without a valid datagram for udp.timeout is ended
 *
 * Where a session is: the first datagram from the IP address of the connection
 * that asked for it says so. One from elsewhere is challenged, and moves it
 * when the answer comes from there.
 *
 * Files: udp.c the thread's part; udp_in.c datagrams in; udp_out.c datagrams
 * out; udp_pace.c what is sent of streams and logs; udp_remind.c what is told
 * again; udp_ask.c the command; udp_socket.c the sockets.
 *
 * Threads: udp_ask() the asker's io thread; udp_new() and udp_free() main; the
 *          counters any; the rest the udp thread.
 * Locks:   none of its own.
 * Memory:  the udp thread's; a session is its connection's. */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "base/table.h"
#include "net/conn.h"
#include "net/udp_socket.h"
#include "sync/counter.h"
#include "wire/datagram.h"

struct io;

/* The rows of STATS, in this order. */
enum udp_count {
	UDP_SESSIONS,		/* now */
	UDP_IN,			/* datagrams that came */
	UDP_OUT,		/* that were sent */
	UDP_DROPPED,		/* that came and were none of ours */
	UDP_CHALLENGES,
	UDP_DISCOVERIES,	/* that were answered */
	UDP_SKIPPED,		/* events left out, by udp.rate */
	UDP_COUNTS
};

struct udp_slot;

struct udp_session {
	struct table_node node;		/* by its id, once it has begun */
	struct datagram   datagram;	/* its id, key, counters */
	struct io        *io;		/* the udp thread; NULL: not begun */
	struct conn      *conn;
	uint64_t          asker;	/* the connection that asked for it */
	struct udp_slot  *open;		/* its datagram of this pass; or NULL */
	struct udp_path   path;		/* where it is */
	bool              placed;	/* that is known */
	bool              challenging;	/* `other` has been challenged */
	struct udp_path   other;	/* another that says it is there */
	uint64_t          challenged;	/* when last; 0: never */
	char              token[17];	/* that `other` is to send back */
	int64_t           tokens;	/* thousandths of bytes to be sent */
	uint64_t          filled;	/* when they were counted */
	struct link       blocked;	/* until there are more */
	uint64_t          blocked_at;	/* since when */
	struct link       farewells;	/* reminders of where it was thrown
					 * out */
};

/* NULL and *why_r when the machine gives no more descriptors. The sockets stay
 * the caller's. */
struct udp *udp_new(struct io *, struct udp_sockets *, const char **why_r);
void udp_free(struct udp **);
/* A descriptor of its, which stands for a session's. */
int udp_fd(const struct udp *);
uint64_t udp_counter(const struct udp *, enum udp_count);
void udp_add(struct udp *, enum udp_count, uint64_t more);

/* May the connection ask for a session, limits aside? */
enum error udp_may_ask(const struct conn *);
/* The command UDP: a session for the connection's person. */
void udp_ask(struct io *, struct conn *, const struct words *);
/* For its connection, which is not another's yet. */
struct udp_session *udp_session_new(struct conn *, uint64_t asker,
    const unsigned char *session, const unsigned char *key);

/* Hooks of the io thread. A session has come to its thread. */
void udp_begin(struct io *, struct conn *);
/* It ends: what is collected for it will be sent, and then it is unknown.
 * By conn_close(). */
void udp_end(struct conn *);
/* A socket has something, or takes something. */
void udp_event(void *at);
/* What came is received, before the mail is taken; and understood, after. */
void udp_receive(struct io *);
void udp_input(struct io *);
/* Who was not heard for too long is ended. */
void udp_time(struct io *);
/* When there is more to do than mail: as clock_ms(), or UINT64_MAX. */
uint64_t udp_next(struct io *);

/* One whole line with its LF to the session's datagram of this pass; a long
 * one as pieces. It is lost while it is not known where the session is. */
void udp_put(struct io *, struct conn *, struct slice line);
/* The same to another place, alone: no more than `most` bytes of datagram, or
 * nothing. */
bool udp_put_to(struct io *, struct conn *, const struct udp_path *,
    struct slice line, size_t most);
/* A datagram that is no session's. */
void udp_put_bytes(struct io *, const struct udp_path *, struct slice bytes);
/* What is collected goes out, as far as the sockets take it. */
void udp_flush(struct io *);

/* udp_pace.c: for conn_send(): the lines that udp.rate has bytes for. Each part
 * of the message is whole lines. */
ssize_t udp_send(struct conn *, const struct msghdr *, size_t len);
/* What the member's stream has: what may not be sent now is left out. */
void udp_turn(struct io *, struct member *);
/* A JOIN with a number, or the same for who is inside, has been answered, and
 * the member has a place. */
void udp_asked(struct io *, struct member *);
/* It has a place in the stream, while such a JOIN is under way or not. */
void udp_replay(struct io *, struct member *);
/* How many bytes of a log it is to have, and a slice of them, of its
 * `reading`. */
size_t udp_wants(const struct member *);
void udp_slice(struct io *, struct member *);

/* udp_remind.c: a membership of a session begins, or ends (NULL is no
 * reminder). */
void remind_begin(struct io *, struct member *);
void remind_end(struct member *);
/* What was said entered it, and this is the ROOM that said so: it is told again
 * with the first ATs, since nothing else tells where that was. */
void remind_entry(struct member *, struct blob *words);
/* It was given what its stream has, or something of that was left out. */
void remind_moved(struct io *, struct member *, bool left_out);
/* AT, now. */
void remind_now(struct io *, struct member *);
/* It is thrown out: these words, which are sent now, are to be said again. */
void remind_words(struct io *, struct member *, struct blob *words);

#endif
