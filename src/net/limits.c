/* limits.c -- every limit that refuses or ends something, by its name
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "net/limits.h"

static const char *const names[LIMIT_COUNT] = {
	[LIMIT_CONNECTIONS] = "limits.connections",
	[LIMIT_ADDRESS] = "limits.address",
	[LIMIT_ARRIVALS] = "limits.arrivals",
	[LIMIT_BANS] = "bans",
	[LIMIT_UNAUTHENTICATED] = "limits.unauthenticated",
	[LIMIT_DESCRIPTORS] = "descriptors",
	[LIMIT_MEMORY] = "limits.memory",
	[LIMIT_LOGIN_TIMEOUT] = "limits.login_timeout",
	[LIMIT_AUTH] = "auth",
	[LIMIT_IDLE_TIMEOUT] = "limits.idle_timeout",
	[LIMIT_LINE] = "line",
	[LIMIT_LINES] = "limits.lines",
	[LIMIT_ACCOUNT] = "limits.account",
	[LIMIT_REGISTER] = "limits.register",
	[LIMIT_PENDING] = "limits.pending",
	[LIMIT_MAILBOX] = "rooms.mailbox",
	[LIMIT_SIGNALS] = "signals",
	[LIMIT_ROOMS] = "rooms.max",
	[LIMIT_ROOMS_MADE] = "limits.rooms_made",
	[LIMIT_ROOMS_PER_CONNECTION] = "limits.rooms_per_connection",
	[LIMIT_MEMBERS] = "rooms.members",
	[LIMIT_SLOW] = "slow",
	[LIMIT_CALM] = "calm",
	[LIMIT_ROLES] = "roles",
	[LIMIT_THREADS] = "threads",
	[LIMIT_DISCOVERY] = "discovery"
};

const char *
limit_name(enum limiter l)
{
	return names[l];
}

enum limiter
limit_find(const char *name)
{
	int l = 0;

	while (l < LIMIT_COUNT && strcmp(names[l], name) != 0)
		l++;
	return l;
}
