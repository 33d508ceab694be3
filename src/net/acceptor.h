/* acceptor.h -- the thread that owns connections until they have logged in
 *
 * SPDX-License-Identifier: MIT
 *
 * It accepts, refuses what is over a limit and says which, greets, answers
 * what may be asked before a login, ends who takes too long, and hands who
 * logs in to an io thread: by one piece of mail that is sent in the same step
 * in which the registry learns of the connection, with what it read beyond the
 * login's line.
 *
 * A guest's name that is to be on the disk first goes to the store. Meanwhile
 * the connection is not read from; a second or two later it is logged in, or
 * told that it is not. The thread ends when all these have come back.
 *
 * Out of descriptors it stops watching its sockets for a tenth of a second:
 * the backlog waits, and no loop spins.
 *
 * Threads: main makes, starts, stops; the counters any.
 * Locks:   none of its own.
 * Memory:  owns its connections. */
#ifndef NET_ACCEPTOR_H
#define NET_ACCEPTOR_H

#include "net/conn.h"
#include "net/listener.h"
#include "sync/thread.h"

struct acceptor;

struct acceptor *acceptor_new(struct net *, struct listeners *,
    const char **why_r);
int acceptor_start(struct acceptor *);
/* No more connections by TCP; the local socket goes on unless `local`. When
 * it stops altogether the thread ends, and acceptor_join() is due. */
void acceptor_close(struct acceptor *, bool local);
/* Where answers for those that have not logged in go. */
struct mailbox *acceptor_box(struct acceptor *);
void acceptor_join(struct acceptor *);
void acceptor_free(struct acceptor **);

struct acceptor_counts {
	uint64_t accepted;
	uint64_t unauthenticated;	/* now */
	uint64_t refused[LIMIT_COUNT];
};

void acceptor_counts(const struct acceptor *, struct acceptor_counts *);

#endif
