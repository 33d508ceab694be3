/* lobby.h -- the log of one room, which tests write, ruin and load
 *
 * SPDX-License-Identifier: MIT
 *
 * There is one at a time. Where a call cannot fail it is asserted.
 *
 * Threads: one.
 * Locks:   those of what is tested.
 * Memory:  lobby_end() or lobby_remove() frees all. */
#ifndef TESTS_LOBBY_H
#define TESTS_LOBBY_H

#include "scribe.h"

enum { LINES = 8, LOBBY_PATH = 256 };

#define FIRST UINT64_C(1000)

struct lobby {
	struct scribe *scribe;
	/* Of lobby_write(): the segment as it was, and its sums. */
	char  *log;
	size_t log_len;
	char  *sum;
	size_t sum_len;
};

extern struct lobby lobby;

/* A data directory; nothing has been said. */
void lobby_begin(enum config_sync);
void lobby_end(struct ledger **);
/* "MSG lobby N T ~alice TEXT" for each of first to last; 0 or -errno. */
int lobby_add(struct ledger *, uint64_t first, uint64_t last, const char *text);
/* Asserts what is in a segment; that a start would go on after `last`. */
void lobby_holds(struct ledger *, uint64_t first, const char *expected);
void lobby_loads_to(uint64_t last);

/* A log of LINES lines from FIRST on, `settled` with sums of all of it. */
void lobby_write(bool settled);
void lobby_remove(void);
/* The files as they were written, up to a byte of the log. */
void lobby_restore(size_t len);
/* Other files, or others in their place. */
void lobby_path(char path_r[LOBBY_PATH], const char *name);
void lobby_put(const char *name, const char *text, size_t len);
void lobby_put_log(uint64_t first, const char *suffix, const char *text,
    size_t len);
void lobby_clear(void);

/* How many lines there are up to a byte. */
uint64_t lobby_lines_before(size_t len);
/* That was cut off at a byte, and is in a file of its own. */
bool lobby_is_aside(uint64_t first, size_t at, const char *text, size_t len);
/* Asserts that it can be appended to above `after`, and is found again. */
void lobby_goes_on(struct ledger *, uint64_t after);
/* Is the number above all that was ever given? */
bool lobby_is_high(uint64_t number);

#endif
