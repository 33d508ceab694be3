/* sasl.h -- proving to a server that we know a password, and it to us (SCRAM)
 *
 * SPDX-License-Identifier: MIT
 *
 * The password never leaves: what is sent proves that it is known, and is of
 * use with this server and this connection alone. What the password was
 * hashed to is kept, so that only the first login costs time.
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  a struct vsasl owns copies of what it is given, wiped when freed. */
#ifndef LIB_SASL_H
#define LIB_SASL_H

#include <stdbool.h>

#include "lib/line.h"
#include "lib/tls.h"

struct vsasl;

/* NULL, with a phrase in *why_r. */
struct vsasl *vsasl_new(const char *user, const char *password,
    const char **why_r);
void vsasl_free(struct vsasl **);

/* A new connection: nothing is proved on it. */
void vsasl_reset(struct vsasl *);
/* Begins, and writes the line to send, with its LF, to line_r of VLINE_MAX
 * bytes. tls: what the connection is on, or NULL. bound: the server says that
 * it can tell whether that is the connection to itself
 * (SCRAM-SHA-256-PLUS). */
bool vsasl_begin(struct vsasl *, const struct vtls *tls, bool bound,
    char *line_r);
/* Takes what the server sent; line_r is "" where there is no answer to be
 * sent. False when the server is not to be trusted. */
bool vsasl_step(struct vsasl *, const char *data, char *line_r);
/* The server has proved that it knows us too. */
bool vsasl_is_proved(const struct vsasl *);
/* Of the last failure. */
const char *vsasl_why(const struct vsasl *);

#endif
