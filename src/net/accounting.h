/* accounting.h -- REGISTER, PASSWD and ACCOUNT: accounts are made and changed
 *
 * SPDX-License-Identifier: MIT
 *
 * Each becomes an order (room/accounts.h) that the store writes; the answer is
 * given when it is on the disk. Passwords do not come here: clients make the
 * verifiers.
 *
 * Threads: the acceptor for REGISTER, the io thread for the others.
 * Locks:   the registry's, inside.
 * Memory:  an order is made when it is sent, and freed when it is back. */
#ifndef NET_ACCOUNTING_H
#define NET_ACCOUNTING_H

#include "net/io.h"
#include "net/login.h"
#include "room/accounts.h"

/* LOGIN_MORE: it was refused. LOGIN_WAIT: *order_r is to go to the store. */
enum login accounting_register(struct conn *, const struct words *,
    struct mail **order_r);
/* It is back, and freed. NULL: who asked is gone. */
void accounting_registered(struct conn *, struct account_order **);

/* PASSWD or ACCOUNT. */
void accounting_line(struct io *, struct conn *, const struct words *,
    struct slice line);
/* Mail: what became of it. */
void accounting_answer(struct io *, struct account_order *);

#endif
