/* trust.h -- whether a server's certificate is taken, asked of who can say
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: main.
 * Locks:   none.
 * Memory:  none. */
#ifndef CLIENT_TRUST_H
#define CLIENT_TRUST_H

#include "client/client.h"

/* Before a connection: what is known of the server goes to client->pin. */
void trust_prepare(struct client *);
/* libvcrp has refused the certificate: returns if it is to be taken, which is
 * in client->pin and the file then, or else fails, telling all. why is the
 * library's. */
void trust_decide(struct client *, const char *why);
/* Logged in: so an authority has verified it, unless there is a pin. */
void trust_note(const struct client *);

#endif
