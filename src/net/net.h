/* net.h -- what the acceptor and the io threads share
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any; made and freed by main.
 * Locks:   each part's own.
 * Memory:  owned by struct server. */
#ifndef NET_NET_H
#define NET_NET_H

#include <sys/types.h>

#include "base/memory.h"
#include "conf/config.h"
#include "net/address.h"
#include "net/bans.h"
#include "net/refusals.h"
#include "room/registry.h"
#include "sync/counter.h"

enum {
	STREAM_IO_MAX = 64,	/* threads of TCP connections */
	IO_MAX = STREAM_IO_MAX + 1
};

struct acceptor;
struct auths;
struct store;
struct tls_context;
struct udp;
struct io;

/* Who may log in as whom by the local socket alone. */
struct local_user {
	uid_t uid;
	char  name[33];
};

struct net {
	const struct config *config;	/* (c), its values (a) */
	struct registry     *registry;	/* (s) */
	struct store        *store;	/* (s) its counts are told by STATS */
	struct addresses     addresses;	/* (s) */
	struct bans          bans;	/* (s) */
	struct refusals      refusals;	/* (a) */
	struct memory        memory;	/* (c) */
	_Atomic uint64_t     memory_bound; /* (a) bytes; 0: none */
	atomic_bool          memory_full; /* (a) no connection is taken in */
	struct network      *proxies;	/* (c) */
	unsigned             proxy_count; /* (c) */
	struct mailbox      *main;	/* (s) the thread main's */
	struct io           *ios[IO_MAX]; /* (c) */
	unsigned             io_count;	/* (c) */
	unsigned             stream_ios; /* (c) of these; the others have
					 * datagrams */
	struct udp          *udp;	/* (c) the last one's; or NULL */
	struct acceptor     *acceptor;	/* (c) */
	struct auths        *auths;	/* (s) */
	struct tls_context  *tls;	/* (s) NULL: no encryption here */
	char                 name[256];	/* (c) of the server */
	struct local_user    users[2];	/* (c) root, and who runs the server */
	uint64_t             started;	/* (c) clock_ms() */
	unsigned             descriptors; /* (c) for connections */
	_Atomic uint64_t     connections; /* (a) */
	_Atomic uint64_t     last_conn;	/* (a) the newest one's id */
};

/* The most connections there may be now. */
static inline uint64_t
net_connections_max(const struct net *n)
{
	uint64_t set = (uint64_t)config_get(&n->config->limits_connections);

	return set > 0 && set < n->descriptors ? set : n->descriptors;
}

/* An id that no connection had. */
static inline uint64_t
net_new_conn(struct net *n)
{
	return atomic_fetch_add(&n->last_conn, 1) + 1;
}

#endif
