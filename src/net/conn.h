/* conn.h -- one connection: its socket, its lines in, its bytes out
 *
 * SPDX-License-Identifier: MIT
 *
 * A connection belongs to the acceptor until it has logged in, then to one io
 * thread; the hand-over is one piece of mail, after which the acceptor does
 * not touch it. An idle connection has no buffers: bytes are read into the
 * thread's own buffer, and only the rest of a line, or what may not be read on
 * yet, is kept with the connection.
 *
 * Output waits in two ways: `out`, private and small (a connection that has
 * much of it is not read from), and the positions of its memberships in their
 * streams.
 *
 * Threads: the owner's.
 * Locks:   none.
 * Memory:  freed by the io thread once everything sent for it is back. */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <sys/socket.h>

#include "net/net.h"
#include "net/tls.h"
#include "room/request.h"

enum conn_end {
	END_NONE,
	END_QUIT,		/* said QUIT */
	END_EOF,		/* the peer closed its side */
	END_LOST,		/* the socket failed */
	END_STRANGER,		/* the first line was not VCRP's */
	END_REFUSED,		/* of what a proxy said, for want of memory, or
				 * of logins that wait */
	END_MEMORY,		/* too much is kept for it */
	END_LOGIN_TIMEOUT,
	END_IDLE,
	END_KILLED,
	END_REPLACED,
	END_DRAINED,
	END_STOPPED,
	END_COUNT
};

/* How far the acceptor is with what comes in; each stage begins where the one
 * before it ended. */
enum conn_stage {
	STAGE_PROXY,		/* its proxy has yet to say whose it is */
	STAGE_FIRST,		/* nothing has come yet */
	STAGE_TLS,		/* the handshake */
	STAGE_LINES
};

enum {
	INPUT_BYTES = 32768,	/* read at once; more waits its turn */
	OUT_PAUSE = 65536	/* with more private output: not read from */
};

struct piece;
struct udp_session;

/* There may be very many, most of them idle: in an order without holes. */
struct conn {
	struct table_node node;		/* by id; the acceptor's if claiming */
	struct contact    contact;	/* the id, the io, who it is */
	struct link       by_time;	/* in one of the owner's lists */
	struct link       turn;		/* io: there is more to do */
	struct mail       mail;		/* MAIL_CONN */
	struct net       *net;		/* (c) */
	struct address   *address;	/* where it is counted; or NULL */
	struct peer       peer;		/* (c) once no proxy is waited for */
	/* What a delivery touches. */
	int               fd;		/* -1 once closed; of a session of
					 * datagrams: not its own */
	struct tls       *tls;		/* or NULL: it is not encrypted */
	struct udp_session *udp;	/* it is one of datagrams; or NULL */
	struct piece     *out;		/* the last, before the first; or NULL */
	uint32_t          out_bytes;
	unsigned          rooms;	/* memberships that are not ending */
	uint64_t          bytes_out;	/* totals, for the log */
	struct member    *cut;		/* its begun line goes first */
	uint8_t           end;		/* enum conn_end; END_NONE: it lives */
	uint8_t           stage;	/* enum conn_stage */
	atomic_bool       gone;		/* (a) it is closed */
	bool              greeted : 1;
	bool              claiming : 1;	/* the store has its HELLO, or an
					 * auth thread its AUTH */
	bool              watched : 1;	/* by the acceptor */
	bool              readable : 1;	/* the socket may have more */
	bool              hup : 1;	/* the peer's end was told */
	bool              blocked : 1;	/* the socket takes no more */
	bool              skipping : 1;	/* the rest of a line too long */
	bool              joining : 1;	/* a JOIN is under way */
	bool              leaving : 1;	/* a LEAVE is */
	bool              last_call : 1; /* no more of the streams than now */
	bool              left : 1;	/* the registry has forgotten it */
	bool              silent : 1;	/* streams are not served any more */
	bool              said_bye : 1;
	bool              pinged : 1;
	bool              evicted : 1;	/* MAIL_EVICT has come */
	struct link       members;
	union {
		struct auth *auth;	/* the acceptor's: a login; or NULL */
		struct request *held;	/* refused by a full mailbox */
	};
	unsigned          under_way;	/* requests that will come back */
	uint16_t          pages;	/* of them HISTORY and SEARCH */
	uint16_t          in_len;	/* at most what an io thread reads */
	char             *in;		/* read, not yet understood; or NULL */
	union {
		struct blob *login_id;	/* of HELLO or AUTH; for its OK */
		struct blob *bye;	/* then: said at the end; or NULL */
	};
	struct blob      *parting;	/* why it went, for LEAVE lines */
	uint64_t          since;	/* clock_ms() */
	uint64_t          active;	/* clock_ms() of the last byte in */
	uint64_t          lines;
	uint64_t          bytes_in;
};

struct conn *conn_new(struct net *, int fd, const struct peer *,
    uint64_t id, uint64_t now);
/* Closed and unlinked; clears the caller's pointer. */
void conn_free(struct conn **);
const char *conn_end_name(enum conn_end);

/* Nobody on the way can read or change it: it is encrypted or sealed, or does
 * not leave this host as far as that is trusted. */
bool conn_is_secure(const struct conn *);
/* As recv(2) and sendmsg(2), encrypted or not; they never block, and count.
 * How many bytes, -EAGAIN or -errno; recv: 0 at the end. They set `readable`
 * and `blocked`; it may be blocked though it took all. */
ssize_t conn_recv(struct conn *, void *buf, size_t size);
ssize_t conn_send(struct conn *, const struct msghdr *, size_t len);
/* Its socket takes bytes again: 1, and it is not blocked any more; 0: it still
 * is; -errno. */
int conn_unblock(struct conn *);
/* Closes the socket, after TLS's own end; a session of datagrams ends. */
void conn_close(struct conn *);

/* Keeps bytes that are to be understood later, in place of what was kept. */
void conn_keep(struct conn *, const char *at, size_t len);

/* Private output, in order. conn_put() takes the reference; conn_put_first()
 * puts bytes before everything else. */
void conn_add(struct conn *, struct slice);
void conn_printf(struct conn *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void conn_put(struct conn *, struct blob *);
/* conn_put(), of what nobody else has and is wiped once it is sent. */
void conn_put_secret(struct conn *, struct blob *);
void conn_put_first(struct conn *, struct slice);
void conn_error(struct conn *, struct slice id, enum error,
    const char *text);
/* What the connection is offered, as ",guest,tls"; maybe nothing. */
void conn_features(const struct conn *, struct blob **);
/* "VCRP 1 ..." unless it was sent. */
void conn_greet(struct conn *);

/* Sends private output: 1 all is sent, 0 the socket takes no more (blocked is
 * set), -errno the socket failed. */
int conn_flush(struct conn *);

/* Cuts the next line, without its LF, off *rest: 1; 0 if there is none yet; -1
 * if it is too long: it was cut off up to its LF, or, being without one yet,
 * is skipped from now on. id_r: of the line too long. */
int conn_line(struct conn *, struct slice *rest, struct slice *line_r,
    struct slice *id_r);

#endif
