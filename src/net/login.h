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

enum login {
	LOGIN_MORE,	/* it goes on */
	LOGIN_DONE,	/* it is its io thread's: do not touch it */
	LOGIN_END	/* send what is to be sent, and end it: conn->end */
};

/* One line; rest is what was read behind it. The connection must not be
 * watched while this runs, since it may go at once. */
enum login login_line(struct conn *, struct slice line, struct slice rest);

#endif
