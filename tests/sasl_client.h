/* sasl_client.h -- a few accounts, and libgsasl as the client that logs in
 *
 * SPDX-License-Identifier: MIT
 *
 * Accounts: bud, "pencil and paper"; dora, disabled, "closed"; kay, with an
 * I, a soft hyphen and an X, and the certificate 9 9 9 ...; dan, disabled, with
 * the certificate 8 8 8 ...
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a realm's and a talk's are embedded. */
#ifndef TESTS_SASL_CLIENT_H
#define TESTS_SASL_CLIENT_H

#include <gsasl.h>

#include "account/sasl.h"

enum { ROUNDS = 1000, BYTES = 4096, REALM_ACCOUNTS = 4 };

struct realm {
	struct names        *names;
	_Atomic int64_t      rounds;
	struct account_facts table[REALM_ACCOUNTS];
	struct sasl_server  *server;
};

/* False: what is needed is not there. */
bool realm_init(struct realm *);
void realm_fini(struct realm *);
/* Another server with the same accounts. */
struct sasl_server *realm_server(struct realm *, unsigned char secret);

/* A client, and what has been said. */
struct talk {
	Gsasl         *library;
	Gsasl_session *client;
	struct sasl   *sasl;
	struct slice   words[4];	/* the client's, kept below */
	char           kept[4][BYTES];
	unsigned       count;
	char           challenge[BYTES];	/* the first, as bytes */
};

/* peer: what the server knows of the connection; NULL: nothing. */
void talk_begin(struct talk *, const struct realm *, const char *mechanism,
    const char *name, const char *password, const struct sasl_peer *);
void talk_end(struct talk *);
/* Until the end; the client must be content with what the server says. */
enum sasl_result talk_go_on(struct talk *);
/* One exchange with words of the test's own. */
enum sasl_result talk_say(const struct realm *, enum sasl_mechanism,
    const struct slice *words, unsigned count);

/* Base64 and back; each returns what it filled. */
char *word_of(const void *bytes, size_t len, char word[BYTES]);
struct slice bytes_of(struct slice word, char bytes[BYTES]);

#endif
