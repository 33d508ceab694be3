/* login.h -- what a connection may say before it has logged in
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: the acceptor.
 * Locks:   the registry's, inside.
 * Memory:  none. */
#ifndef NET_LOGIN_H
#define NET_LOGIN_H

#include "net/conn.h"
#include "room/reserve.h"

enum login {
	LOGIN_MORE,	/* it goes on */
	LOGIN_WAIT,	/* something is to be on the disk first */
	LOGIN_ASK,	/* conn->auth is to go to an auth thread */
	LOGIN_DONE,	/* it is its io thread's: do not touch it */
	LOGIN_END	/* send what is to be sent, and end it: conn->end */
};

/* One line; rest is what was read behind it. The connection must not be
 * watched while this runs, since it may go at once. LOGIN_WAIT: rest is kept
 * with the connection, and *claim_r is to go to the store. */
enum login login_line(struct conn *, struct slice line, struct slice rest,
    struct mail **claim_r);
/* The store's answer, which is freed. LOGIN_DONE; or LOGIN_MORE: it was told
 * why not, and goes on with what is kept. */
enum login login_reserved(struct conn *, struct reserve **, uint64_t now);
/* The same where the connection is gone. */
void login_abandoned(struct registry *, struct reserve **, uint64_t now);

#endif
