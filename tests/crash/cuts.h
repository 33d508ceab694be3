/* cuts.h -- a log to be harmed: written once, put back each time
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  struct test owns it all. */
#ifndef TESTS_CRASH_CUTS_H
#define TESTS_CRASH_CUTS_H

#include "ledger/keeper.h"

enum { LINES = 3000, FILES = 4, PLACES = 65536, SEGMENT_KIB = 160 };

#define FIRST UINT64_C(1000000)
#define ROOM slice_of("lobby")

struct file {
	char   name[64];
	char  *data;
	size_t len;
};

struct test {
	struct vault  *vault;
	struct keeper *keeper;
	char           data[64];
	char           dir[128];
	char          *lines[LINES];
	size_t         at[LINES + 1];	/* in all segments, end to end */
	struct file    files[FILES];	/* as written, segments first */
	unsigned       file_count;
	unsigned       segments;
	bool           got[LINES];
	/* Of the present round */
	const char    *what;
	size_t         where;
	uint64_t       later;	/* number of what is appended */
	unsigned       faults;
};

/* Says it, with what the log said; the tenth is the last. */
void fault(struct test *, const char *text, uint64_t number);
void must(bool good, const char *what);

/* Files, without what is tested. */
bool load_file(const struct test *, const char *name, struct file *);
void store_file(const struct test *, const char *name, const char *,
    size_t len);
/* Calls fn with each name in the room's directory. */
void each_file(struct test *, void (*fn)(struct test *, const char *name));
void remove_one(struct test *, const char *name);
/* The log as it was written; all of it, or but the first segment. */
void restore(struct test *, bool all);

void make_lines(struct test *);
void write_log(struct test *);
/* Reads it all as members do; got[] says what was there. */
void read_all(struct test *, struct ledger *);
/* One line more, which is then there too. */
void append_one(struct test *, struct ledger *, uint64_t number);

#endif
