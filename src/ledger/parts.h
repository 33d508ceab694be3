/* parts.h -- the inside of a ledger, for the files of this directory
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: (r) the room's, (k) the keeper's, (l) under `lock`.
 * Locks:   LOCK_LEDGER; before LOCK_VAULT; no system call under either.
 * Memory:  ledger.h */
#ifndef LEDGER_PARTS_H
#define LEDGER_PARTS_H

#include "ledger/ledger.h"
#include "ledger/sums.h"

enum {
	LEDGER_DIR_BYTES = 4096,	/* what a directory counts */
	LEDGER_PATH = VAULT_DIR_MAX + 1 + 64,
	LEDGER_KNOWN = 16		/* faults that are not told of again */
};

/* What is (k) is written under `lock`, since the array may move. The load sets
 * both to where the last entry of the sums ends that is one, so that the rest
 * is synced again (a kill may have left it unsynced) and summed, and tells the
 * keeper if there is a rest. */
struct segment {
	uint64_t first;		/* (l) number of its first line */
	uint64_t size;		/* (l) bytes that count */
	uint64_t time;		/* (l) of its first event; 0: not known yet */
	uint64_t synced;	/* (k) bytes */
	uint64_t summed;	/* (k) bytes that entries speak of */
	uint64_t events;	/* (k) in a segment that is full; 0: unknown */
	bool     lost;		/* (k) a sync failed: it gets no other */
};

struct ledger {
	struct vault     *vault;	/* (c) */
	char              dir[VAULT_DIR_MAX + 1]; /* (c) */
	atomic_uint       refs;		/* (a) */
	struct lock       lock;
	struct segment   *segments;	/* (l) oldest first */
	unsigned          count;	/* (l) */
	unsigned          space;	/* (l) allocated */
	_Atomic uint64_t  last;		/* (a) written (r) under lock */
	_Atomic uint64_t  bytes;	/* (a) */
	_Atomic int       failure;	/* (a) -errno: of a sync; sticky */
	atomic_uint       erasing;	/* (a) odd while a block changes */
	_Atomic uint64_t  keep_ms;	/* (a) */
	_Atomic uint64_t  keep_count;	/* (a) */
	_Atomic uint64_t  known[LEDGER_KNOWN]; /* (a) blocks.c's */
	bool              loaded;	/* (r) */
	bool              usable;	/* (r) the directory could be read */
	bool              made;		/* (r) it is there */
	int               todo;		/* (r) descriptor, or -1 */
	uint64_t          todo_size;	/* (r) */
	bool              full;		/* (r) a new segment comes next */
	/* The last segment's, for appending. Guarded by the vault's lock;
	 * the room may use fd unlocked while it is pinned. */
	int               fd;		/* or -1 */
	bool              pinned;
	struct link       in_open;
	/* To the keeper: there is something to sync, or keep_ms or keep_count
	 * was set. Sent when `told` was not set, behind what it tells of, and
	 * with a reference, which the keeper gives back. Posted without waking:
	 * the keeper looks every second. It clears `told` before it looks. */
	struct mail       dirty;
	atomic_bool       told;		/* (a) */
	/* To the keeper: the last segment is full, and much of it is not yet
	 * on the disk. With a reference; sent while `asked` was not set. */
	struct mail       sync;
	atomic_bool       asked;	/* (a) */
	struct link       in_keeper;	/* (k) in no list at first */
};

static inline struct slice
ledger_room(const struct ledger *l)
{
	return slice_of(l->dir);	/* for the log */
}

/* "DIR/FIRST.log", or ".sum". */
void segment_path(const struct ledger *, uint64_t first, const char *suffix,
    char path_r[LEDGER_PATH]);
/* Copies the segment in which a number is, or would be: the last one that
 * does not begin after it, or the oldest. False if there is none. */
bool segment_find(struct ledger *, uint64_t number, struct segment *);
/* The one after that begins with `first`; false if that was the last. */
bool segment_next(struct ledger *, uint64_t first, struct segment *);
bool segment_oldest(struct ledger *, struct segment *);

/* (r) The descriptor for appending to the last segment, opened if it is not
 * (then another ledger's may be closed, after its sync); or -errno. To be
 * given back. */
int vault_pin(struct ledger *);
void vault_unpin(struct ledger *);
/* (r) The last segment is another from now on, and this its descriptor, which
 * is pinned. */
void vault_turn(struct ledger *, int fd);
/* Closes it, if it is open, after its sync; it is not pinned. */
void vault_shut(struct ledger *);
/* Opens a file below DATA/rooms; where descriptors have run out it takes one
 * that is for appending. */
int vault_file(struct vault *, const char *path, int flags);
/* Closes one of those; false if it cannot. */
bool vault_spare(struct vault *);
/* So much more, or less, is used of the disk: by the vault and the ledger. */
void ledger_used(struct ledger *, int64_t bytes);
void vault_used(struct vault *, int64_t bytes);
/* A sync has failed, or the end of the log is not known any more: nothing is
 * appended until ledger_retry(). Logs it, the first time. */
void ledger_fail(struct ledger *, const char *what, int why);
/* The same of what was written, which may not be there after a restart. */
void ledger_doubt(struct ledger *, const char *what, int why);
/* Tells the keeper that there is something to look at. */
void ledger_tell(struct ledger *);
/* Has the keeper sync it without delay, once if it has not begun. False: there
 * is no keeper. */
bool ledger_ask_sync(struct ledger *);
/* A reference, if there is one still. */
bool ledger_alive(struct ledger *);
/* (r) The room's directory is there; 0 or -errno. */
int ledger_make(struct ledger *);
/* (r) Adds a segment to the end. */
void ledger_push(struct ledger *, const struct segment *);
/* (r) A copy of the last one; false if there is none. */
bool segment_last(struct ledger *, struct segment *);
/* So much higher do numbers go on in a copy. */
#define VAULT_COPY_STEP (UINT64_C(1) << 32)
/* Is it to be forced to the disk at all? */
bool vault_syncs(const struct vault *);

/* A line of a log taken apart. */
struct log_line {
	uint64_t     from, to;	/* its number, twice; or what a GAP is for */
	uint64_t     time;	/* 0 of a GAP */
	struct slice room;
};
/* False if that is no whole line (with its LF) such as logs have. */
bool log_line_parse(struct slice, struct log_line *);

#endif
