/* talk_match.h -- the names, expressions and patterns of talk scripts
 *
 * SPDX-License-Identifier: MIT
 *
 * Names hold short texts, mostly numbers. An expression stands in `${ }`:
 *   ${n}         the value of n
 *   ${n+1}       sums and differences of names and numbers
 *   ${xy*3}      xyxyxy: characters, a star, and how many times (a sum)
 * A pattern is a line in which `*` stands for one or more characters other
 * than space, `...` for whatever there is (` ...` at the end also for nothing
 * at all), `${n}` with a name that has no value yet for a run of digits, which
 * becomes its value if the line matches, and a backslash makes the next
 * character stand for itself.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a talk_vars is the caller's; names and values are copied into it. */
#ifndef TESTS_TALK_MATCH_H
#define TESTS_TALK_MATCH_H

#include <stdbool.h>
#include <stddef.h>

enum { TALK_NAME_MAX = 32, TALK_VALUE_MAX = 64, TALK_VARS_MAX = 64 };

struct talk_vars {
	struct {
		char name[TALK_NAME_MAX];
		char value[TALK_VALUE_MAX];
	} var[TALK_VARS_MAX];
	size_t count;
};

/* Gives name a value, in place of an earlier one. Too many names or one that
 * is too long ends the program: a script is at fault. */
void talk_vars_set(struct talk_vars *vars, const char *name, const char *value);

/* Writes text with its expressions replaced to out, of size bytes. False, with
 * the reason, for an unknown name, a broken expression or too little space. */
bool talk_expand(const struct talk_vars *vars, const char *text, char *out_r,
	size_t size, const char **why_r);

/* Whether the whole line matches; only then do new names get values. A broken
 * expression matches nothing. */
bool talk_match(struct talk_vars *vars, const char *pattern, const char *line);

#endif
