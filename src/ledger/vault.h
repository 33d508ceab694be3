/* vault.h -- the data directory: what all ledgers have in common
 *
 * SPDX-License-Identifier: MIT
 *
 *     DATA/lock            held by the running server
 *     DATA/ceiling         below which every number is that was ever given
 *     DATA/rooms/ROOM/     a ledger each
 *
 * Numbers are never given twice. A kill loses none that was told to anybody,
 * but a lost power can, and rooms without a log write none down. So a ceiling
 * is on disk ahead of them all: no number at or above it is given before it
 * is raised. A start reads it:
 *
 *   state=closed                   the server stopped in order
 *   state=open, this boot          it was killed: what it wrote is there
 *   state=open, another boot       the power may have been lost: the ends of
 *                                  logs are not to be trusted
 *   state=backup, or another life  a copy: what was said after it was made
 *                                  is not in it, so numbers go on 2^32 higher
 *
 * The last two are remembered: until a room has gone on once, there may be
 * less in its log than was told, however many orderly runs there were since.
 * So `doubt` stays: a log that ends below it is not to be trusted. A sync that
 * fails raises it too, at the next start, since the system may have dropped
 * what it could not write.
 *
 * In the last two cases every room goes on at `floor`, which is above all
 * that was ever given, with a GAP. A new room begins at `floor` or at the
 * time of its making in milliseconds times 1024, whichever is higher. The
 * file holds a time in the same way, later than that of any event.
 *
 * Threads: vault_open() and vault_close() main; the rest any.
 * Locks:   its own, rank LOCK_VAULT, for descriptors; none held on return.
 * Memory:  owned by main; outlives every ledger. */
#ifndef LEDGER_VAULT_H
#define LEDGER_VAULT_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/slice.h"
#include "conf/config.h"
#include "sync/mailbox.h"

enum { LIFE_BYTES = 32 };	/* hexadecimal digits */

struct vault_counters {
	_Atomic uint64_t failures;	/* writes and syncs that failed */
	_Atomic uint64_t damaged;	/* blocks found not to agree */
	_Atomic uint64_t cut;		/* torn tails */
};

struct vault {
	const struct config  *config;	/* (c), its values (a) */
	struct mailbox       *keeper;	/* (s) */
	int                   data;	/* (c) DATA */
	int                   rooms;	/* (c) DATA/rooms */
	int                   locked;	/* (c) DATA/lock */
	char                  life[LIFE_BYTES + 1]; /* (c) */
	char                  boot[40];	/* (c) */
	bool                  trusted;	/* (c) this start brought no doubt */
	uint64_t              floor;	/* (c) after vault_each() */
	uint64_t              doubt;	/* (c) the same */
	atomic_bool           unsure;	/* (a) a sync has failed */
	uint64_t              promised;	/* (k) time in the file */
	bool                  told;	/* (k) the ceiling says `unsure` */
	uint64_t              begun;	/* (c) ms since 1970; not before any
					 * event's time of earlier runs */
	_Atomic uint64_t      ceiling;	/* (a) numbers are below it */
	_Atomic uint64_t      high;	/* (a) highest number given */
	_Atomic uint64_t      time;	/* (a) latest time of an event */
	_Atomic uint64_t      bytes;	/* (a) disk use of all ledgers: logs,
					 * sums, 4096 a directory */
	struct vault_counters counters;	/* (a) */
	struct lock           lock;
	struct link           open;	/* (l) ledgers with a descriptor,
					 * longest idle first */
	unsigned              open_count; /* (l) */
	unsigned              open_most;  /* (c) storage.files */
};

/* How many descriptors logs may have: storage.files, or what it is by itself;
 * after the limit was raised. */
unsigned vault_files(const struct config *);
/* Opens or makes what is missing under the existing directory `data`. The
 * store's life, or "" if it is new: then, in a copy, and where there is no
 * ceiling, a fresh one is made up, which the store has to hold from then on.
 * NULL and why_r: another server has it, it cannot be
 * read or written, its ceiling is not understood. */
struct vault *vault_open(const struct config *, const char *data,
    const char *life, char *why_r, size_t size);
/* Says on disk that all is whole. Every ledger must be closed. */
void vault_close(struct vault **);

/* Raises the ceiling on disk if half of what is below it is used up, or its
 * time is near; 0 or -errno. The keeper's, every second. */
int vault_raise(struct vault *, uint64_t wall);
/* What was written may not be on the disk; any thread. */
void vault_doubt(struct vault *);
/* Was given, or told; any thread. */
void vault_note(struct vault *, uint64_t number, uint64_t time);

/* What DATA/ceiling of a copy of the data has to hold that is complete by
 * now: a line with state=backup; its length. Any thread. */
enum { VAULT_CEILING_MAX = 256 };
size_t vault_ceiling_text(const struct vault *,
    char text_r[VAULT_CEILING_MAX]);

/* What is in DATA/rooms; `bytes` is the disk use of all of it from then on, so
 * that ledger_load() adds nothing. `dir` is the name of the directory; `name`
 * as in its newest readable line, or empty if it has none; `last` that line's
 * number, or 0; `size` its disk use. Faults are logged. For main, before ledgers are made; it may
 * raise `floor`. */
typedef void vault_found_fn(const char *dir, struct slice name,
    uint64_t last, uint64_t size, void *arg);
void vault_each(struct vault *, vault_found_fn *, void *arg);

/* The directory of a room by its key: lower-case letters, digits, '_' and '-'
 * stand for themselves, all else is %XX; over 200 bytes the first 160 of
 * that, "%%" and 32 hexadecimal digits of the key's SHA-256. */
enum { VAULT_DIR_MAX = 200 };
void vault_dir(struct slice key, char dir_r[VAULT_DIR_MAX + 1]);
/* The other way; false if it is one with "%%", or is none. */
bool vault_key(const char *dir, char *key_r, size_t size, size_t *len_r);

#endif
