/* session.h -- the inside of struct vcrp: connecting, logging in, asking
 *
 *  WAITING -> CONNECTING -> LOGIN [-> ASKING -> TRYING] -> UP -> QUITTING
 *     ^___________|___________|__________|________________|         -> OVER
 *
 * CONNECTING includes TLS's handshake. A login with a password, and a visit,
 * begin with a PING, since what the server offers is told in its greeting,
 * and a client speaks first. With options.udp a session of datagrams is asked
 * for, and tried, while the stream stays; the program hears of the login when
 * it is decided which of them it will be.
 *
 * SPDX-License-Identifier: MIT
 *
 * vcrp.c is what programs call, session.c connects, waits and comes back,
 * pump.c has the requests that go out, answer.c what comes in and what it
 * means, trial.c the way from stream to datagrams. Times are milliseconds of
 * CLOCK_MONOTONIC.
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  all of it is struct vcrp's. */
#ifndef LIB_SESSION_H
#define LIB_SESSION_H

#include "lib/address.h"
#include "lib/clock.h"
#include "lib/line.h"
#include "lib/link.h"
#include "lib/room.h"
#include "lib/sasl.h"
#include "vcrp.h"

#define VPREFIX_SIZE	11	/* the random part of an id, with its NUL */
#define VID_SIZE	37
#define VNAME_SIZE	80
#define VKEY_MIN	22
#define VKEY_MAX	64
#define VWHY_SIZE	512
#define VFEATURES_SIZE	512
#define VRETIRED	64

enum vphase {
	PHASE_WAITING,
	PHASE_CONNECTING,
	PHASE_LOGIN,
	PHASE_ASKING,
	PHASE_TRYING,
	PHASE_UP,
	PHASE_QUITTING,
	PHASE_OVER
};

enum vnews {
	NEWS_NONE,
	NEWS_DOWN,
	NEWS_END
};

struct vcrp {
	struct vaddress address;
	char            nick[VNAME_SIZE];
	char            key[VKEY_MAX + 1];
	char            prefix[VPREFIX_SIZE];
	char            name[VNAME_SIZE];	/* as the server shows it */
	struct vsasl   *sasl;		/* NULL without a password */
	bool            external;
	bool            visitor;
	bool            once;
	bool            udp;		/* wanted */
	int             keylog;		/* a descriptor, or -1 */
	int             timeout;
	int             retry_min, retry_max;

	enum vphase     phase;
	int64_t         deadline;	/* of the phase; not of UP and OVER */
	unsigned        failures;	/* since the last login */
	int64_t         numbers;	/* given to requests so far */
	uint64_t        page_left;	/* lines of a PAGE to come */
	int64_t         page;		/* the request that it answers */
	struct vroom   *rooms;
	struct vroom    control;
	size_t          pending;
	struct vlink    link;
	char            features[VFEATURES_SIZE];	/* as greeted last */

	char            stays[VWHY_SIZE];	/* why with the stream; "" */

	/* In datagrams: see trial.c, repair.h and collect.h. */
	struct vudp    *trial;		/* not the link's yet */
	int64_t         ping_at;	/* the next one of the trial */
	int64_t         ping;		/* the number of the last PING */
	int64_t         ping_sent_at;
	char            welcome[VLINE_MAX];	/* the OK of the login */
	size_t          early_bytes;	/* of all rooms */
	int64_t         retired[VRETIRED];	/* numbers */
	size_t          retirements;
	struct vkept  *collected;	/* an answer's lines */
	size_t          collected_bytes;
	bool            complete;	/* to be told now */
	bool            torn;		/* something was lost since */
	bool            paged;		/* a PAGE came */
	uint64_t        page_size;	/* what it said */
	uint64_t        expected;	/* lines of it to come */
	char            page_room[VLINE_MAX];

	/* Events to deliver before any further line. */
	enum vnews      news;
	char            news_code[VNAME_SIZE];
	char            news_text[VWHY_SIZE];
	int             news_wait;
	struct vroom    lost;		/* its queue: requests that are */
	bool            held;		/* a line that a defect precedes */
	struct vcrp_event event;

	/* What the event delivered last points at. */
	char            line[VLINE_MAX];
	char            parts[VLINE_MAX];
	char            room[VLINE_MAX];
	char            text[VWHY_SIZE];
};

/* Random bytes; false where the system has none. */
bool vsession_random(void *bytes, size_t size);

/* Takes a line of verb kind, already checked and without its id=, for room,
 * or for none where that is NULL. Returns its number or a negative errno. */
int64_t vsession_ask(struct vcrp *, enum vverb kind, const char *room,
    int64_t after, const char *line);
/* Renders it with its id and puts it in the link; false when that is full. */
bool vsession_send(struct vcrp *, int64_t number, const char *line);
/* Sends every request whose turn it is. */
void vsession_pump(struct vcrp *);

/* What is due by the clock, and by what the link says. */
void vsession_step(struct vcrp *);
/* When to step at the latest; INT64_MAX for never. */
int64_t vsession_deadline(const struct vcrp *);

/* The login is over: goes on with the stream, or with datagrams if these are
 * wanted and to be had. (trial.c) */
void vtrial_begin(struct vcrp *, const char *name);
/* OK UDP session key, or ERR */
void vtrial_answer(struct vcrp *, const struct vline *);
/* Does what is due while TRYING. */
void vtrial_step(struct vcrp *);
/* Goes on with the stream, since so many ms have passed. */
void vtrial_time_out(struct vcrp *);
/* Asks for a sign of life. */
void vtrial_ping(struct vcrp *);

/* The connection is gone; a new one in wait ms, or after the usual pause when
 * that is negative. With options.once: the end. */
void vsession_down(struct vcrp *, const char *why, int wait);
/* The link has ended: the same, or the end if it is not to be tried again. */
void vsession_ended(struct vcrp *);
/* The server's features are known: logs in with the password. */
void vsession_prove(struct vcrp *);
void vsession_up(struct vcrp *);
/* A request is over with an answer to it, in datagrams. */
void vsession_answered(struct vcrp *, const struct vrequest *);
/* What comes next is VCRP_END. */
void vsession_end(struct vcrp *, const char *code, const char *why);

/* Reads v->line and fills in the event; false when it is none for the
 * program. (answer.c) */
bool vanswer(struct vcrp *v, struct vcrp_event *event_r);
/* The same for a line that was kept. */
bool vanswer_kept(struct vcrp *v, struct vcrp_event *event_r);
/* The same of the OK of the login, as VCRP_UP. */
void vanswer_welcome(struct vcrp *v, struct vcrp_event *event_r);

#endif
