/* summary.c -- what an operator looks for first, of all counters
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "client/summary.h"

/* In the order to show them; what a server does not tell is left out. */
static const struct fact {
	const char *key;
	const char *label;
} facts[] = {
	{ "server_version",	"version" },
	{ "server_name",	"name" },
	{ "uptime",		"uptime" },
	{ "connections",	"connections" },
	{ "connections_max",	"connections, at most" },
	{ "tls_connections",	"encrypted" },
	{ "unauthenticated",	"not logged in" },
	{ "accounts",		"accounts" },
	{ "bans",		"bans" },
	{ "calm",		"calm, seconds" },
	{ "memory",		"memory" },
	{ "memory_max",		"memory, at most" },
	{ "rooms",		"rooms" },
	{ "rooms_live",		"rooms, live" },
	{ "members",		"members" },
	{ "storage_bytes",	"logs" },
	{ "storage_limit",	"logs, at most" },
	{ "storage_failed_rooms", "rooms, disk failed" },
	{ "io_threads",		"io threads" },
	{ "lines",		"lines received" },
	{ "bytes_out",		"bytes sent" }
};

_Static_assert(sizeof(facts) / sizeof(*facts) == SUMMARY_FACTS,
    "SUMMARY_FACTS");

void
summary_keep(struct summary *s, const char *text)
{
	size_t i, len = strcspn(text, " ");

	for (i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		if (strlen(facts[i].key) == len && text[len] == ' ' &&
		    strncmp(facts[i].key, text, len) == 0)
			snprintf(s->values[i], sizeof(s->values[i]),
			    "%s", text + len + 1);
	}
}

static void
print_uptime(const char *value)
{
	uint64_t seconds = strtoull(value, NULL, 10);

	printf("%" PRIu64 " d %" PRIu64 " h %" PRIu64 " min %" PRIu64 " s\n",
	    seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
	    seconds % 60);
}

static bool
is_bytes(const char *key)
{
	return strncmp(key, "memory", 6) == 0 ||
	    strcmp(key, "storage_bytes") == 0 ||
	    strcmp(key, "storage_limit") == 0;
}

static void
print_bytes(const char *key, const char *value)
{
	uint64_t bytes = strtoull(value, NULL, 10);

	/* A bound of 0 is none. */
	if (bytes == 0 && (strstr(key, "_max") != NULL ||
	    strstr(key, "_limit") != NULL))
		printf("any\n");
	else
		printf("%" PRIu64 " MiB\n", bytes >> 20);
}

void
summary_print(const struct summary *s)
{
	size_t i;

	for (i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		if (s->values[i][0] == '\0')
			continue;
		printf("%-22s", facts[i].label);
		if (strcmp(facts[i].key, "uptime") == 0) {
			print_uptime(s->values[i]);
		} else if (is_bytes(facts[i].key)) {
			print_bytes(facts[i].key, s->values[i]);
		} else {
			client_print(s->values[i]);
			putchar('\n');
		}
	}
}
