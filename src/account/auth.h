/* auth.h -- the threads that look at passwords and their proofs
 *
 * SPDX-License-Identifier: MIT
 *
 * All steps of all logins by SASL are run here, so that no other thread waits
 * for what they cost, a password of PLAIN some milliseconds. The threads give
 * way to all others (nice +10): a storm of logins is not felt by who talks.
 *
 *   MAIL_AUTH     acceptor -> auth -> acceptor
 *
 * Threads: auths_ask() any; the rest main.
 * Locks:   none of its own; the registry's, inside.
 * Memory:  an exchange belongs to who has it: its maker or, from auths_ask()
 *          until it is back, a thread of these. */
#ifndef ACCOUNT_AUTH_H
#define ACCOUNT_AUTH_H

#include "account/sasl.h"
#include "sync/mailbox.h"

enum { AUTH_THREADS = 2 };

struct auths;

/* One login: its state, and one message of it with what became of that. */
struct auth {
	struct mail      mail;		/* MAIL_AUTH */
	struct mailbox  *back;
	uint64_t         conn;		/* whose it is */
	struct sasl     *sasl;
	char            *in;		/* the message; wiped when it is read */
	struct blob     *out;		/* when it is back; or NULL */
	enum sasl_result result;	/* when it is back */
	/* Its maker's alone. */
	struct blob     *id;		/* of the request; or NULL */
	uint64_t         begun;		/* when it was asked; clock_ms() */
	uint64_t         due;		/* it waits until then */
	bool             held;		/* because of its place */
};

struct auth *auth_new(const struct auths *, uint64_t conn,
    enum sasl_mechanism, const struct sasl_peer *, struct slice id);
void auth_free(struct auth **);
/* The next message, copied; in place of one that was not asked. */
void auth_put(struct auth *, struct slice word);

/* Threads: 1 to AUTH_THREADS. NULL: libgsasl cannot be had. */
struct auths *auths_new(struct registry *,
    const unsigned char secret[SERVER_SECRET], unsigned threads);
void auths_free(struct auths **);
int auths_start(struct auths *);
/* All mail is back and the threads have ended. */
void auths_stop(struct auths *);
void auths_ask(struct auths *, struct auth *);

#endif
