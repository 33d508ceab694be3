/* limits.h -- every limit that refuses or ends something, by its name
 *
 * SPDX-License-Identifier: MIT
 *
 * The name is the option's where there is one; it rides in limit= and in
 * STATS.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  constant. */
#ifndef NET_LIMITS_H
#define NET_LIMITS_H

enum limiter {
	LIMIT_CONNECTIONS,
	LIMIT_ADDRESS,
	LIMIT_ARRIVALS,
	LIMIT_BANS,
	LIMIT_UNAUTHENTICATED,
	LIMIT_DESCRIPTORS,
	LIMIT_MEMORY,
	LIMIT_LOGIN_TIMEOUT,
	LIMIT_AUTH,
	LIMIT_IDLE_TIMEOUT,
	LIMIT_LINE,
	LIMIT_LINES,
	LIMIT_ACCOUNT,
	LIMIT_REGISTER,
	LIMIT_PENDING,
	LIMIT_MAILBOX,
	LIMIT_SIGNALS,
	LIMIT_ROOMS,
	LIMIT_ROOMS_MADE,
	LIMIT_ROOMS_PER_CONNECTION,
	LIMIT_MEMBERS,
	LIMIT_SLOW,
	LIMIT_CALM,
	LIMIT_ROLES,
	LIMIT_THREADS,
	LIMIT_DISCOVERY,
	LIMIT_COUNT
};

const char *limit_name(enum limiter);
/* LIMIT_COUNT if there is none of that name. */
enum limiter limit_find(const char *name);

#endif
