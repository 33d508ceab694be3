/* probe.h -- what is behind a host's name and port, piece by piece
 *
 * SPDX-License-Identifier: MIT
 *
 * Files: probe.c the command, which asks in three ways at once; probe_stream.c
 * plain TCP; probe_tls.c TLS on the same port; probe_udp.c a question of
 * discovery; probe_show.c what came out. Each of the three writes its own
 * part of struct probe and nothing else, until the command's deadline.
 *
 * Times are microseconds of client_now_us().
 *
 * Threads: one each of the three; the rest main.
 * Locks:   none.
 * Memory:  the command's. */
#ifndef CLIENT_PROBE_H
#define CLIENT_PROBE_H

#include <netdb.h>
#include <openssl/ssl.h>
#include <stdio.h>

#include "client/client.h"
#include "client/question.h"
#include "client/recognise.h"

#define PROBE_HEARD	8192
#define PROBE_TEXT	512

/* A connection, and what was said to PING on it. */
struct probe_talk {
	int                error;	/* 0: it was connected */
	char               address[CLIENT_ADDRESS_SIZE];	/* to which */
	char               failed[PROBE_TEXT];	/* others, and why */
	int64_t            connect;	/* how long it took */
	int64_t            answer;	/* the same; -1: nothing came */
	bool               closed;	/* by the other side */
	size_t             len;
	char               bytes[PROBE_HEARD + 1];
	struct recognition found;
};

struct probe_tls {
	bool              is_tls;
	bool              shaken;	/* and all below is set */
	char              why[PROBE_TEXT];	/* not */
	bool              alpn;		/* vcrp was agreed on */
	int64_t           shake;	/* how long it took */
	char              version[32];
	char              cipher[64];
	char              subject[PROBE_TEXT];
	char              issuer[PROBE_TEXT];
	char              names[PROBE_TEXT];	/* comma list */
	char              from[32];	/* ISO 8601 */
	char              until[32];
	char              fingerprint[80];
	char              doubt[PROBE_TEXT];	/* "": it is verified */
	struct probe_talk talk;
};

struct probe_udp {
	bool           answered;
	bool           unreachable;	/* nothing has that port */
	char           address[CLIENT_ADDRESS_SIZE];
	int64_t        answer;
	struct finding finding;
};

struct probe {
	char              host[NI_MAXHOST];
	char              port[8];
	char              target[CLIENT_ADDRESS_SIZE];	/* both, to be shown */
	struct addrinfo  *addresses;
	int               no_host;	/* getaddrinfo()'s; 0: there is */
	int64_t           deadline;
	struct probe_talk plain;
	struct probe_tls  tls;
	struct probe_udp  udp;
};

/* Each is a thread's; arg is a struct probe. */
void *probe_plain(void *arg);
void *probe_tls(void *arg);
void *probe_udp(void *arg);

/* Waits for the descriptor; false when the time is over. */
bool probe_wait(int fd, short events, int64_t deadline);
/* Connects to the first of the addresses that takes it: a descriptor that does
 * not block, or -1. */
int probe_connect(const struct probe *, struct probe_talk *);
/* Says PING and QUIT, hears what comes and recognises it; ssl: or NULL. */
void probe_converse(const struct probe *, int fd, SSL *ssl,
    struct probe_talk *);

enum status probe_show(const struct probe *, bool json);

#endif
