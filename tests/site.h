/* site.h -- a data directory of a test's own, and where its backup goes
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one.
 * Locks:   those of what is tested.
 * Memory:  the site's scribe is the caller's to free, with all files. */
#ifndef TESTS_SITE_H
#define TESTS_SITE_H

#include "account/manifest.h"
#include "scribe.h"

struct site {
	struct scribe *s;
	char           backup[128];	/* not there yet */
	char           data[128];	/* to restore to; nor is this */
	char           why[512];	/* of the last that failed */
	struct manifest_totals totals;
};

void site_open(struct site *);
/* As backup_make(), of one ledger. */
int site_back_up(struct site *, struct ledger *, const char *store);
/* Looks at the backup: the number of faults, which are told in text_r. */
unsigned site_verify(struct site *, char *text_r, size_t size);
/* The same, but prints them. */
bool site_is_good(struct site *);
bool site_has(const char *directory, const char *path);
/* A file of the room lobby's, which may grow: terminated, to be freed; NULL if
 * there is none. */
char *site_file(const char *directory, uint64_t first, const char *suffix,
    size_t *len_r);
/* A command of the shell, which does not fail. */
__attribute__((format(printf, 1, 2))) void site_run(const char *, ...);

#endif
