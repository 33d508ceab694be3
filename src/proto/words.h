/* words.h -- a client's line, taken apart
 *
 * SPDX-License-Identifier: MIT
 *
 * What every dialect's codec gives and every handler takes. All slices point
 * into the line.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  the line's. */
#ifndef PROTO_WORDS_H
#define PROTO_WORDS_H

#include <stdint.h>

#include "proto/command.h"

enum {
	LINE_MAX_BYTES = 4096,	/* with its LF, either way */
	TEXT_MAX_BYTES = 3072,
	ATTRS_MAX_BYTES = 512,
	WORDS_MAX = 3,
	COUNT_MAX = 1000
};

#define NUMBER_MAX ((UINT64_C(1) << 53) - 1)

struct words {
	const struct command *command;
	struct slice attrs;	/* as sent, without the @; relayed as it is */
	struct slice id;
	struct slice key;	/* HELLO's secret */
	uint64_t     for_ms;	/* 0: no for= */
	struct slice word[WORDS_MAX];
	unsigned     count;
	uint64_t     number;	/* of the word that is one; 0: none; or
				 * before= */
	unsigned     many;	/* of the word that is a count; 0: none */
	struct slice text;	/* empty if there is none */
};

/* Decimal digits without leading zeros, from least to NUMBER_MAX. */
bool number_parse(struct slice, uint64_t least, uint64_t *number_r);
/* "90s 10m 1h 7d", in milliseconds; at most ten years. */
bool duration_parse(struct slice, uint64_t *ms_r);
/* Moves the slices from one copy of the line to another. */
void words_rebase(struct words *, const char *from, const char *to);

#endif
