/* protocol.h -- what the load has to know of the protocol it speaks
 *
 * SPDX-License-Identifier: MIT
 *
 * Modes and sockets know of none: a member's bytes go through the run's
 * `struct protocol`. VCRP has a check of its own (vcrp.c). The others only say
 * where a frame ends and what it is (`find`), and tally.c does the rest.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  nothing here allocates. */
#ifndef BENCH_PROTOCOL_H
#define BENCH_PROTOCOL_H

#include "load.h"

/* What `hello`, `join`, `head` and `pong` may write at most. */
#define SAID_MAX 512

enum frame_kind {
	FRAME_IGNORED,
	FRAME_WELCOME, /* logged in: now `join` is said */
	FRAME_ENTERED, /* in the room */
	FRAME_MESSAGE, /* `room` and `text` are set */
	FRAME_PING,    /* `text` is to be answered by `pong` */
	FRAME_PONG,    /* of a member not inside yet: it is now */
	FRAME_REFUSED, /* `text` says what */
};

/* Everything points into the bytes received. */
struct frame {
	enum frame_kind kind;
	const char *room, *text;
	size_t room_len, text_len;
};

struct protocol {
	const char *name;
	const char *port;
	const char *tail; /* follows the text of each message */
	const char *ping; /* each member answers it */
	size_t ping_len;
	unsigned bytes_max; /* of a text */
	unsigned nick_max;  /* of --nick, which a nick begins with */
	bool echo;	    /* a speaker receives its own messages */

	/* What a new connection says first, what it says when it is welcome
	 * (NULL: nothing more), and what goes before the text of each message
	 * of a member. They give the length. */
	size_t (*hello)(
	    const struct load *l, const struct member *m, char *out_r);
	size_t (*join)(
	    const struct load *l, const struct member *m, char *out_r);
	size_t (*head)(
	    const struct load *l, const struct member *m, char *out_r);

	/* What a member says to leave its room and enter it again at once;
	 * NULL: it cannot be told. */
	size_t (*leave)(
	    const struct load *l, const struct member *m, char *out_r);

	/* Takes bytes as they were received. INPUT_HEAD bytes before them may
	 * be written to. */
	void (*take)(struct load *l, struct member *m, char *data, size_t len);

	/* How many members have not received all that was said. */
	unsigned (*behind)(const struct load *l);

	/* For tally_take(): the length of the frame that begins at `data`, 0
	 * if it is not whole yet; and what a PING is answered with. */
	size_t (*find)(const char *data, size_t len, struct frame *f_r);
	size_t (*pong)(const struct frame *f, char *out_r);
};

/* By its name; NULL if there is none. */
const struct protocol *protocol_find(const char *name);

extern const struct protocol vcrp_protocol;
extern const struct protocol irc_protocol;
extern const struct protocol nats_protocol;
extern const struct protocol redis_protocol;
extern const struct protocol mqtt_protocol;

#endif
