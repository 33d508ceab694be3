/* parts.h -- the inside of the server, for server.c and asked.c
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: main.
 * Locks:   none of its own.
 * Memory:  server.h */
#ifndef PARTS_H
#define PARTS_H

#include "net/listener.h"
#include "net/net.h"
#include "net/udp_socket.h"
#include "sandbox.h"
#include "server.h"
#include "storage.h"

struct server {
	struct config     *config;
	const struct server_options *options;
	struct names      *names;
	struct sandbox     sandbox;
	struct listeners   listeners;
	struct udp_sockets datagrams;
	struct net         net;
	struct storage    *storage;
	struct mailbox     box;		/* requests for main */
	struct mailbox    *boxes[IO_MAX];
	struct thread      self;
	int                signals;
	bool               over;
	unsigned           quiet;	/* io threads without connections */
	const char        *code;	/* of the last BYE */
	uint64_t           spread;	/* ms, to come back in; 0: do not */
};

/* One that fails changes nothing. Who asked, or NULL, is told. */
void server_reload(struct server *, struct request *);
/* To every io thread: net/io.h. */
void server_order(struct server *, bool stop, bool over, const char *code,
    uint64_t spread);
/* Within how many ms they are told to come back. */
uint64_t server_spread(const struct server *);
/* What an administrator asks of main. */
void server_asked(struct server *, struct request *);

#endif
