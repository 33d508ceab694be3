/* sasl.h -- one login by SASL: words in, words out
 *
 * SPDX-License-Identifier: MIT
 *
 * RFC 4422, with the mechanisms SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC
 * 7677; the bindings tls-exporter of RFC 9266 and tls-unique of RFC 5929),
 * PLAIN (RFC 4616) and EXTERNAL. SCRAM and SASLprep are libgsasl's. PLAIN is
 * not, since libgsasl leaves the password behind in memory that it frees.
 *
 * Nobody can tell a name without an account, or one that is disabled, from a
 * wrong password: such a name has a verifier too, made from the server's
 * secret and the name. So it has always the same salt, and the same work is
 * done for it. It has as many iterations as verifiers are made with now
 * (accounts.iterations); an account whose verifier is from another time is
 * told from a name without one by that, until it has a new one.
 *
 * Threads: a struct sasl_server any, once it is made; a struct sasl one at a
 *          time, any.
 * Locks:   what `find` takes.
 * Memory:  a password is wiped before sasl_step() returns SASL_PASSED or
 *          SASL_FAILED, or else by sasl_free(). */
#ifndef ACCOUNT_SASL_H
#define ACCOUNT_SASL_H

#include <stdatomic.h>

#include "account/password.h"
#include "base/names.h"
#include "room/accounts.h"
#include "sync/blob.h"

/* Of base64: a longer word is refused, and so what is answered, which repeats
 * parts of it, fits into a line too. */
enum { SASL_WORD_MAX = 3840, SASL_ANSWER_MAX = 4000, SASL_BINDING_MAX = 96 };

enum sasl_mechanism {
	SASL_SCRAM,
	SASL_SCRAM_PLUS,
	SASL_PLAIN,
	SASL_EXTERNAL,
	SASL_MECHANISMS		/* none of them */
};

enum sasl_result {
	SASL_CHALLENGE,	/* the peer is to answer *out_r */
	SASL_VERIFY,	/* sasl_step() once more, with nothing, verifies */
	SASL_PASSED,	/* *out_r, unless NULL, is to be told the peer */
	SASL_FAILED
};

/* What the connection knows of its peer by itself; "" what it does not. */
struct sasl_peer {
	char exporter[SASL_BINDING_MAX];	/* base64 */
	char unique[SASL_BINDING_MAX];
	char local_user[33];	/* who may log in by the local socket */
	bool certified;		/* it has a certificate, with this */
	unsigned char fingerprint[FINGERPRINT];
	char common_name[NAME_NICK_BYTES + 1];	/* of one that is verified */
};

/* Where accounts are. Both are called by whoever calls sasl_step(). */
struct sasl_accounts {
	bool (*by_key)(void *arg, struct slice key,
	    struct account_facts *facts_r);
	bool (*by_certificate)(void *arg,
	    const unsigned char fingerprint[FINGERPRINT],
	    struct account_facts *facts_r);
	void *arg;
};

struct sasl_server;

/* iterations: accounts.iterations, which may change. NULL: libgsasl cannot be
 * had. */
struct sasl_server *sasl_server_new(const struct names *,
    const struct sasl_accounts *, const _Atomic int64_t *iterations,
    const unsigned char secret[SERVER_SECRET]);
void sasl_server_free(struct sasl_server **);

const char *sasl_mechanism_name(enum sasl_mechanism);
/* SASL_MECHANISMS if it is none; any case. */
enum sasl_mechanism sasl_mechanism_find(struct slice);

struct sasl;

/* Copies the peer. */
struct sasl *sasl_new(const struct sasl_server *, enum sasl_mechanism,
    const struct sasl_peer *);
void sasl_free(struct sasl **);

/* One message of the peer: base64, padded, or "=" if it is empty; and, where
 * there is one, what is to be answered, in the same form, in *out_r, else
 * NULL. After SASL_PASSED or SASL_FAILED sasl_free() is due. */
enum sasl_result sasl_step(struct sasl *, struct slice word,
    struct blob **out_r);

/* Will the next step look at a password or a proof of one? */
bool sasl_verifies(const struct sasl *);
enum sasl_mechanism sasl_mechanism_of(const struct sasl *);
/* For the log and for who counts failures, whether there is such an account
 * or not; empty while it is not known. The name as the peer wrote it; and
 * bytes that are the same for the same account. */
struct slice sasl_claimed(const struct sasl *);
struct slice sasl_key(const struct sasl *);
/* After SASL_PASSED: whose login it is. Of a local user there is no account,
 * and *local_r is set. */
struct slice sasl_name(const struct sasl *, bool *local_r);

#endif
