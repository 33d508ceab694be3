/* options.h -- one row for each option of the server
 *
 * SPDX-License-Identifier: MIT
 *
 * For src/conf and its tests; everybody else reads the fields of a
 * struct config.
 *
 * Threads: any, the rows are constant.
 * Locks:   none.
 * Memory:  static. */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

enum option_type {
	OPTION_NUMBER,	/* an integer */
	OPTION_SWITCH,	/* true or false */
	OPTION_CHOICE,	/* one of a few words */
	OPTION_TEXT,	/* a string */
	OPTION_LIST	/* strings */
};

struct option {
	const char        *path;	/* "group.name" */
	size_t             offset;	/* of the field in the config */
	enum option_type   type;
	int64_t            min, max;	/* of a number, of a text's bytes */
	int64_t            standard;	/* the default; texts: empty */
	const char *const *choices;	/* by value, the last is NULL */
	const char      *(*check)(const char *text); /* NULL, or a reason */
	const char        *unit;	/* of a number, or "" */
	bool               reloadable;
	const char        *help;	/* sentences */
};

/* All rows, those of one group together; the last has no path. */
extern const struct option options[];

/* NULL: there is none. */
const struct option *option_find(const char *path);

/* The option's field: of numbers, switches and choices; of texts; of lists. */
_Atomic int64_t *option_number(const struct config *, const struct option *);
char **option_text(const struct config *, const struct option *);
char ***option_list(const struct config *, const struct option *);

#endif
