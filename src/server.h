/* server.h -- all parts of the server, and their order
 *
 * SPDX-License-Identifier: MIT
 *
 *   threads, in the order they start (they stop in the reverse):
 *     main      signals, reload, stop: server_run()
 *     store, keeper, archive 0, 1   storage.h
 *     io 0..N   net/io.h
 *     acceptor  net/acceptor.h
 *     rooms     room/room.h, one each, when they are entered
 *   locks, in the order they are taken: sync/lock.h
 *
 * Threads: main.
 * Locks:   none of its own.
 * Memory:  owns every part. */
#ifndef SERVER_H
#define SERVER_H

#include "conf/config.h"

struct server;

/* What the command line says over the configuration; kept by reference. */
struct server_options {
	const char *config;	/* the file; or NULL */
	const char *data;	/* or NULL */
	const char *port;	/* or NULL */
};

/* Defaults, then the file, then the command line. Returns the number of
 * faults, each told. */
int server_configure(struct config *, const struct server_options *,
    config_fault_fn *, void *arg);

/* Listens, ready to be run; the config stays the caller's. NULL: why_r says
 * what could not be had. */
struct server *server_new(struct config *, const struct server_options *,
    char *why_r, size_t size);
/* Starts the threads: 0 or -errno. */
int server_start(struct server *);
unsigned server_port(const struct server *);
/* Of the certificate, "sha256:..."; NULL: nothing is encrypted here. */
const char *server_fingerprint(const struct server *);
/* Serves until a signal or an administrator ends it. */
void server_run(struct server *);
/* In order: nobody new, then every connection, then every room. */
void server_stop(struct server *);
void server_free(struct server **);

#endif
