/* shed.h -- what goes first when there is too little memory
 *
 * SPDX-License-Identifier: MIT
 *
 * Of limits.memory, or three quarters of what the cgroup lets the server have:
 *
 *   over 80 %   no connection is taken in
 *   over 90 %   those that have not logged in are ended, and of the others
 *               those that make the server keep most for them, until what
 *               they had would bring it down to 80 %
 *
 * The acceptor looks, every second or, with less than half of it free, ten
 * times as often; and each io thread whenever some MiB have passed through it,
 * since pages of logs come by the hundred MiB a second.
 *
 * Threads: shed_look() and shed_next() the acceptor's, shed_some() and
 *          shed_passed() each io thread's.
 * Locks:   none of its own.
 * Memory:  the acceptor's. */
#ifndef NET_SHED_H
#define NET_SHED_H

#include "net/conn.h"

enum { SHED_PASSED = 2 << 20 };	/* bytes between two looks */

struct acceptor;
struct io;

/* An io thread's part of it. */
struct shed {
	struct mail mail;	/* MAIL_SHED, one at a time */
	atomic_bool out;	/* (a) it is under way */
	uint64_t    bytes;	/* (c) while it is */
};

struct shedder {
	uint64_t      looked;		/* (o) clock_ms() */
	uint64_t      logged;		/* (o) the same */
	bool          close;		/* (o) it is looked at often */
	struct shed   sheds[IO_MAX];
};

void shed_init(struct shedder *);
/* If it is time: looks, and does what is to be done. */
void shed_look(struct acceptor *);
/* When it is to look next. */
uint64_t shed_next(const struct shedder *);
/* Mail: ends connections of this thread's. */
void shed_some(struct io *, struct shed *);
/* io->passed is over SHED_PASSED. */
void shed_passed(struct io *);

#endif
