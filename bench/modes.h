/* modes.h -- the kinds of load, each a function that gives the exit status
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  each frees what it made. */
#ifndef BENCH_MODES_H
#define BENCH_MODES_H

#include "load.h"

struct mode {
	const char *name;
	int (*run)(const struct options *opt);
	struct options defaults;
	const char *help;
};

/* Senders speak, everybody else listens and everything is checked. */
int talk_run(const struct options *opt);

/* Speakers in rooms whose sizes follow a power law. */
int mixed_run(const struct options *opt);

/* Beside members that stay, others are cut and come back all the time. */
int churn_run(const struct options *opt);

/* All are cut at once and come back for what they missed. */
int returns_run(const struct options *opt);

/* Everybody connects and enters at once; then all end, and it begins anew. */
int storm_run(const struct options *opt);

/* Everybody enters and keeps still; at the end each must answer a PING. */
int idle_run(const struct options *opt);

#endif
