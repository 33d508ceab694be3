/* exchange.h -- AUTH: a login by SASL, line by line
 *
 * SPDX-License-Identifier: MIT
 *
 * What is said goes to an auth thread and comes back (account/auth.h). While
 * the connection has the exchange it is conn->auth; while a thread has it that
 * is NULL, and the connection is not read from.
 *
 * Threads: the acceptor.
 * Locks:   the registry's, inside.
 * Memory:  the exchange is the connection's, or the thread's. */
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H

#include "account/auth.h"
#include "net/login.h"

/* An AUTH line. LOGIN_ASK: conn->auth is to go to a thread, when it may. */
enum login exchange_line(struct conn *, const struct words *);
/* Something else was said: the exchange, if there is one, has failed. */
void exchange_break(struct conn *);
/* A thread's answer; the exchange is the connection's again, or over. LOGIN_ASK
 * as above. LOGIN_DONE: what was kept goes along. */
enum login exchange_answer(struct conn *, struct auth *);

/* Of the request that began it; empty if it had none. */
struct slice exchange_id(const struct auth *);

/* The mechanisms that this connection may choose, for the greeting. */
void exchange_features(const struct conn *, struct blob **);

#endif
