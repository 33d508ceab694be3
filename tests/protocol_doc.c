/* protocol_doc.c -- prints the tables of doc/vcrp-1.md that are the server's
 *
 * SPDX-License-Identifier: MIT
 *
 * All commands, and all error codes. */
#include <stdio.h>

#include "proto/command.h"
#include "proto/error.h"

static const char *
who(const struct command *c)
{
	if (c->admin)
		return "administrators";
	if (c->where == RUN_LOGIN)
		return "before login";
	return c->where == RUN_BOTH ? "always" : "after login";
}

static void
print_command(const struct command *c)
{
	static const struct { const char *name; unsigned bit; } known[] = {
		{ "re", ATTR_RE }, { "for", ATTR_FOR }, { "key", ATTR_KEY },
		{ "before", ATTR_BEFORE }
	};

	printf("| `%s%s%s` | %s | %u |", c->name, *c->usage == '\0' ? "" : " ",
	    c->usage, who(c), c->cost);
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (c->attributes & known[i].bit)
			printf(" `%s`", known[i].name);
	printf(" |\n");
}

int
main(void)
{
	printf("| request | who | cost | attributes |\n"
	       "| --- | --- | --- | --- |\n");
	for (int v = 0; v < VERB_COUNT; v++)
		print_command(command_at((enum verb)v));
	printf("| code | |\n| --- | --- |\n");
	for (int e = ERROR_NONE + 1; e < ERROR_COUNT; e++)
		printf("| `%s` | %s |\n", error_code((enum error)e),
		    error_help((enum error)e));
	return 0;
}
