/* talk.h -- a run in which members speak
 *
 * SPDX-License-Identifier: MIT
 *
 * Without a rate a sender has as many messages on their way as its window
 * allows and says the next when an echo comes back. With a rate, each message
 * has its moment, and its delay counts from there whatever came in between: a
 * server that stands still for a second does not hide it by being asked less.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  talk_init() allocates, talk_end() frees. */
#ifndef BENCH_TALK_H
#define BENCH_TALK_H

#include "load.h"

struct talk {
	struct load load;
	struct member **speakers; /* who has a voice of its own */
	unsigned count;		  /* of them */
	uint64_t told;		  /* paced messages whose moment has come */
	struct use before, entered, after; /* of the server */
	uint64_t bytes_in, bytes_out;	   /* before anybody spoke */
	double own_cpu;
	double entering; /* seconds until all were inside */
	double seconds;	 /* that they spoke */

	/* What a mode does beside, or NULL: called each turn, and within `wait`
	 * ns, with whether all was said and with everybody when that was last
	 * looked at; false: the run is not over for all that. */
	bool (*beside)(struct talk *t, bool over);
	uint64_t wait;
};

/* Prepares a run, see load_init(). Nobody has a voice yet. */
void talk_init(
    struct talk *t, const struct options *opt, const unsigned *sizes);

/* Everybody enters, those with a voice speak, all is with everybody, and is
 * checked. False, with a fault, where not all came in. */
bool talk_go(struct talk *t);

/* Prints what talk_go() came to. */
void talk_print(struct talk *t);

/* Prints load_result(), frees all, and gives the exit status. */
int talk_end(struct talk *t);

/* A process's use, if --pid gives one. */
void talk_measure(const struct options *opt, struct use *use_r);

/* Of the pace (pace.c): gives `load` its limits, from `load.start` on. */
void pace_begin(struct talk *t);

/* Those speak whose moment has come. */
void pace_turn(struct talk *t);

/* Nanoseconds until the next moment; `wait` at most. */
uint64_t pace_wait(const struct talk *t);

/* Whether all that was to be said is, and echoed. */
bool pace_done(const struct talk *t);

#endif
