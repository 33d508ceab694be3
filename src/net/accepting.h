/* accepting.h -- the acceptor's own: its state, and its listening sockets
 *
 * SPDX-License-Identifier: MIT
 *
 * Files: acceptor.c the thread, and its connections' ends; accepting.c where
 * they come from, and who is refused; arrival.c what they send, up to a login;
 * asking.c logins on their way to an auth thread and back.
 *
 * Threads: the acceptor itself; acceptor_watch() also main before it starts.
 * Locks:   none of its own.
 * Memory:  the acceptor's. */
#ifndef NET_ACCEPTING_H
#define NET_ACCEPTING_H

#include "account/auth.h"
#include "net/acceptor.h"
#include "net/shed.h"
#include "net/throttle.h"
#include "room/accounts.h"
#include "room/reserve.h"
#include "wire/proxy.h"

struct acceptor {
	struct net       *net;		/* (c) */
	struct listeners *listeners;	/* (o) while it runs */
	struct thread     thread;	/* (c) */
	struct tls_scratch *scratch;	/* (o) */
	struct mailbox    box;		/* (s) */
	int               epoll;	/* (c) */
	struct link       waiting;	/* (o) connections, oldest first */
	struct table      claiming;	/* (o) that wait for another thread, or
					 * to be allowed to; by id */
	struct link       held;		/* (o) of those: to be asked for one at
					 * a time, the first to be due first */
	unsigned          held_count;	/* (o) of these */
	struct link       slowed;	/* (o) to be asked for when due */
	bool              asked;	/* (o) for one that was held */
	struct throttle   throttle;	/* (o) */
	struct mail_chain claims;	/* (o) to the store, of this pass */
	unsigned          claimed;	/* (o) pieces of mail that come back */
	uint64_t          now;		/* (o) clock_ms() of this pass */
	unsigned          next_io;	/* (o) */
	uint64_t          paused_until;	/* (o) 0: not paused */
	uint64_t          logged;	/* (o) that it is paused */
	struct shedder    shedder;	/* (o) but for its mail */
	uint64_t          ticked;	/* (o) */
	bool              handed[IO_MAX]; /* (o) some, in this pass */
	bool              over;		/* (o) */
	struct counter    accepted;		/* (a) */
	struct counter    unauthenticated;	/* (a) now */
	struct counter    refused[LIMIT_COUNT];	/* (a) */
	char              buf[LINE_MAX_BYTES + 1]; /* (o) */
};

/* Its listening sockets tell of connections, or do not. */
void acceptor_watch(struct acceptor *, bool on);
/* What has come to one, as far as a turn goes. */
void acceptor_take(struct acceptor *, struct listener *);
/* Closes those of TCP; the local one too if `local`, and all is over. */
void acceptor_shut(struct acceptor *, bool local);
/* arrival.c: what a connection has sent is read, once; if there is nothing it
 * is watched. It may be another thread's afterwards, or freed. */
void arrival_read(struct acceptor *, struct conn *);
/* The store's answer to who wants a name. */
void arrival_reserved(struct acceptor *, struct reserve *);
/* What a proxy says first, of what was read. PROXY_BAD: it was none, or who it
 * named may not come; it was told, and is ended. Else unless PROXY_MORE it is
 * cut off. */
enum proxy acceptor_proxy(struct acceptor *, struct conn *,
    struct slice *rest);
/* The same to who wants an account. */
void arrival_registered(struct acceptor *, struct account_order *);
/* On from what is kept, after it was claimed. */
void arrival_resume(struct acceptor *, struct conn *);
/* It has logged in, and is that io thread's. */
void arrival_handed(struct acceptor *, unsigned io);
/* asking.c: conn->auth goes to its thread, now or in a while. */
void asking_begin(struct acceptor *, struct conn *);
/* It is back. */
void asking_answer(struct acceptor *, struct auth *);
/* Those that are due. */
void asking_tick(struct acceptor *);
/* When the next one is; UINT64_MAX: none waits. */
uint64_t asking_next(const struct acceptor *);
/* Counts one that was refused, and tells the log. */
void acceptor_refused(struct acceptor *, enum limiter,
    const struct peer *);
/* The same, and who asked is told too-many. */
void acceptor_limited(struct conn *, struct slice id, enum limiter,
    uint64_t wait, const char *text);
/* Ends one that has not logged in, or never will; it is freed. */
void acceptor_end(struct acceptor *, struct conn *, enum conn_end);
/* The same without a word in the log. */
void acceptor_drop(struct acceptor *, struct conn *);
/* Closes its sending side: what it was told gets there even if it has sent
 * more than was read. */
void acceptor_part(int fd);

#endif
