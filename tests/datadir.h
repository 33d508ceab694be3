/* datadir.h -- a data directory, as earlier runs may have left it
 *
 * SPDX-License-Identifier: MIT
 *
 * There is one. This system's boot is "boot-1".
 *
 * Threads: one.
 * Locks:   those of what is tested.
 * Memory:  datadir_finish() frees all. */
#ifndef TESTS_DATADIR_H
#define TESTS_DATADIR_H

#include "ledger/vault.h"

#define DATADIR_LIFE "0123456789abcdef0123456789abcdef"

struct datadir {
	struct config *config;
	char           path[32];
	char           why[256];	/* vault_open() failed */
};

extern struct datadir datadir;

/* For suites: 0. */
int datadir_start(void);
int datadir_finish(void);

/* A data directory with nothing in it. */
void datadir_clear(void);
void datadir_fill(const char *name, const char *text, size_t len);
void datadir_room(const char *name);
void datadir_fill_room(const char *file, const char *text);
/* As an earlier run of DATADIR_LIFE has left it, with a room. */
void datadir_leave(const char *state, const char *boot, uint64_t number,
    uint64_t time);
/* Must succeed. */
struct vault *datadir_open(const char *life);

#endif
