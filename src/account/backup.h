/* backup.h -- the thread that copies all data, as an administrator asks
 *
 * SPDX-License-Identifier: MIT
 *
 * One at a time, from beginning to end of a copy. What a copy is: snapshot.h.
 *
 *   MAIL_REQUEST  main -> io    BACKUP, back when it is done or has failed
 *
 * A copy that fails, or is stopped, is removed again.
 *
 * Threads: main.
 * Locks:   the registry's, to find the ledgers; the ledgers', inside.
 * Memory:  a request is its own until it is sent back. */
#ifndef ACCOUNT_BACKUP_H
#define ACCOUNT_BACKUP_H

#include "account/manifest.h"
#include "ledger/ledger.h"
#include "room/registry.h"
#include "room/request.h"

struct backup;

/* boxes: of the io threads, where requests are sent back to. store: the
 * path of its file, or NULL; a copy is kept. */
struct backup *backup_new(struct vault *, struct registry *,
    struct mailbox **boxes, const char *store);
/* Takes the request, whose text is the directory. */
void backup_ask(struct backup *, struct request *);
/* Gives up what is under way; all requests are sent back, and new ones are
 * refused. Before the io threads are waited for. */
void backup_stop(struct backup *);
void backup_free(struct backup **);

/* Copies these ledgers, and all else, to `path`. 0, or -errno and what to
 * say. */
int backup_make(struct vault *, struct ledger **ledgers, size_t count,
    const char *store, const char *path, const atomic_bool *stop,
    struct manifest_totals *, char *why_r, size_t size);

#endif
