/* set.h -- giving options values, and telling what is wrong with them
 *
 * SPDX-License-Identifier: MIT
 *
 * For src/conf. A setter either sets a value that the option's row allows or
 * reports one fault.
 *
 * Threads: as config.h says.
 * Locks:   none.
 * Memory:  values are copied. */
#ifndef CONF_SET_H
#define CONF_SET_H

#include <stddef.h>
#include <stdint.h>

#include "conf/config.h"
#include "conf/options.h"

/* Where faults are found, who is told, and how many there were. */
struct report {
	const char      *file;	/* NULL: the command line */
	unsigned         line;	/* 0: none in particular */
	config_fault_fn *fn;
	void            *arg;
	int              faults;
};

/* Tells a fault of an option, or of the whole file (NULL). */
void report_fault(struct report *, const char *option, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void set_number(struct config *, const struct option *, int64_t value,
    struct report *);
void set_choice(struct config *, const struct option *, const char *word,
    struct report *);
void set_text(struct config *, const struct option *, const char *text,
    struct report *);
/* Takes the list over, or frees it. */
void set_list(struct config *, const struct option *, char ***list,
    struct report *);

/* A list is allocated with its texts and ends in NULL. */
char **list_new(void);
void list_append(char ***list, const char *text);
void list_free(char ***list);

/* For loading: all of a file or nothing. */
struct config *config_copy(const struct config *);
void config_swap(struct config *, struct config *);

#endif
