/* load.h -- one run of the load generator: its options, members and counts
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one, so that a run costs one core and no more.
 * Locks:   none.
 * Memory:  members and rooms live as long as the run. What is allocated for a
 *          member is a begun line, an unsent rest and, if it speaks, its
 *          voice. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "figures.h"
#include "must.h"
#include "record.h"

#define LINE_MAX_BYTES 4096
#define TEXT_MAX_BYTES 3072
#define INPUT_BYTES (256u << 10)
#define INPUT_HEAD 8192u /* for a begun frame, before what continues it */

struct options {
	const char *mode;
	const char *protocol; /* --protocol, by its name */
	const char *host;     /* --host, an IPv4 or IPv6 address */
	const char *port;
	const char *socket; /* --socket: a Unix socket instead */
	const char *from;   /* --from: the source address */
	const char *room;   /* how rooms' names begin */
	const char *nick;   /* how nicks begin */
	const char *user;   /* --user: the account of all */
	const char *users;  /* --users: how the accounts of each begin */
	const char *secret; /* --password: theirs */
	pid_t pid;	    /* the server, to be measured; 0: no */
	unsigned rooms;
	unsigned members;     /* in each room; mixed: in all together */
	unsigned senders;     /* in each room */
	unsigned bytes;	      /* of a message's text */
	unsigned window;      /* unacknowledged messages of a sender */
	unsigned at_once;     /* logins under way */
	unsigned rounds;      /* of a storm */
	unsigned sample;      /* time each so-manieth message */
	unsigned stop;	      /* members of each room that stop reading */
	unsigned rcvbuf;      /* their socket's receive buffer; 0: default */
	double rate;	      /* messages a second of a sender; 0: no pause */
	double time;	      /* seconds */
	double share;	      /* mixed: of each room's members, who speak */
	double churn;	      /* reconnects a second */
	unsigned pool;	      /* churn: members that come and go, in all */
	unsigned churn_rooms; /* churn: rooms of their own for them */
	double exponent;      /* mixed: of the power law of the rooms' sizes */
	double stop_after, resume_after;
	double patience; /* seconds without progress */
	uint64_t count;	 /* messages of a sender; 0: until `time` */
	bool ids;	 /* give each message an id */
	bool reset;	 /* end connections with RST */
	bool keys;	 /* log in with keys: the names are stored */
	bool leave;	 /* churn: leave and join instead of reconnecting */
	bool tls;
};

enum state { GONE, CONNECTING, SECURING, ENTERING, INSIDE };

/* What a member that speaks has said. Message numbers of its own begin at 1. */
struct voice {
	uint64_t sent;
	uint64_t asks;	 /* if `asked`: how many it is to have said */
	uint64_t seen;	 /* the last one recorded in the room */
	uint64_t acked;	 /* the last one that came back, see `acks` */
	uint64_t *when;	 /* ns, by number modulo `slots` */
	uint64_t offset; /* ns from the start to its first paced message */
	char name[48], head[128], id[48];
	const char *tail;
	unsigned slots; /* a power of two */
	unsigned name_len, head_len, id_len, tail_len;
	unsigned text_len; /* how much of the head is text */
	bool asked;	   /* speaks when it is asked to, at no pace */
	bool with_id;	   /* gives each message an id */
};

struct room {
	char name[40];
	size_t name_len;
	unsigned count;		  /* of its members */
	unsigned speakers;	  /* of these; they have the first places */
	struct member *members;	  /* chained by `next_in_room` */
	struct histogram *delays; /* of this room apart; or NULL */
	struct record said;
};

struct member {
	struct room *room; /* NULL: in no room */
	struct member *next_in_room;
	struct voice *voice; /* NULL: never speaks */
	struct member *acks; /* whose messages have come back when they are
			      * here: itself, if it receives its own */
	uint64_t *heard;     /* the last one of each sender of the room */
	struct ssl_st *tls;  /* NULL: without */
	struct scram *login; /* of an account; NULL: a guest */
	char *rest;	     /* a begun line */
	char *out;	     /* what the socket did not take */
	uint64_t next;	     /* the number it must receive next */
	uint64_t at;	     /* if attached: its offset in the record */
	uint64_t last;	     /* what the room had when it came in */
	uint64_t begun;	     /* ns: when it began to connect */
	uint64_t missed;     /* lines that GAPs told of */
	uint32_t gaps;
	uint32_t pongs;
	uint32_t place; /* in its room, from 0 */
	uint32_t rest_len, out_len, out_at;
	int fd;
	enum state state;
	bool attached; /* has reached a recorded line */
	bool slow;     /* stops reading or comes and goes: is counted apart */
	bool resumes;  /* comes back, and goes on where it was */
	bool catching; /* has not got what was said while it was away */
	bool stopped;  /* does not read now */
	bool bye;      /* got a BYE */
};

struct protocol;

struct load {
	const struct options *opt;
	const struct protocol *protocol;
	struct sockaddr_storage to, from;
	socklen_t to_len, from_len;
	int epoll;
	struct ssl_ctx_st *tls;
	struct scram_keys *keys; /* worked out last */
	char *input;
	char *pad; /* what follows the numbers in each text */
	struct member *members;
	struct room *rooms;
	unsigned count; /* of members */
	unsigned round; /* of a storm: part of each nick */
	bool line_came; /* on standard input */
	bool ending;	/* connections may close now */

	unsigned under_way, inside, refused, gone, byes;
	unsigned repeats;    /* messages that the server knew to be said */
	uint64_t lines;	     /* numbered ones, to whomsoever */
	uint64_t slow_lines; /* of these, to those that are `slow` */
	uint64_t others;     /* numbered, but said by nobody of this run */
	uint64_t ephemeral, notices, pongs;
	uint64_t gaps, missed, errors, sent;
	uint64_t faults;
	uint64_t untimed;	      /* deliveries whose delay is not known */
	uint64_t bytes_in, bytes_out; /* without what TCP adds */
	uint64_t now;		      /* ns: of the latest receive */
	uint64_t start;		      /* ns: when speaking began */
	uint64_t first_bye, last_end;
	struct histogram secured; /* from its begin until TLS is there */
	struct histogram login, delivery;
	struct histogram resume; /* from its begin until all is caught up */

	/* How many messages a member may have sent by now, and when one of
	 * them was or is due, which is what its delay is counted from. */
	uint64_t (*allowed)(const struct load *l, const struct member *m);
	uint64_t (*due)(
	    const struct load *l, const struct member *m, uint64_t number);
};

/* Prepares a run: as many members in each of the --rooms as `sizes` says, or
 * --members if it is NULL; they enter the rooms in turn. */
void load_init(
    struct load *l, const struct options *opt, const unsigned *sizes);
void load_fini(struct load *l);

/* The number of a member, which is part of its nick. */
unsigned load_index(const struct load *l, const struct member *m);

/* Has load_turn() notice a line on standard input, or its end. */
void load_watch_input(struct load *l);

/* Handles what has happened on connections; waits `wait` ns at most. */
void load_turn(struct load *l, uint64_t wait);

/* Connects all members, `at_once` at a time, and has them log in and enter
 * their rooms. Returns when no login is under way any more, or after
 * `patience` seconds without progress. */
void load_enter(struct load *l);

/* A broken promise: counts it, and prints the first few. */
void load_fault(struct load *l, const struct member *m, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints what load_enter() and the connections' ends came to, then `faults`,
 * and gives the exit status. */
int load_result(struct load *l);

#endif
