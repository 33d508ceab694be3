/* backup.c -- the thread that copies all data, as an administrator asks
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "account/backup.h"
#include "account/snapshot.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "room/room.h"
#include "sync/thread.h"

enum { STACK = 256 * 1024 };

struct ledgers {
	struct ledger **at;
	size_t          count;
	size_t          space;
};

struct backup {
	struct vault    *vault;		/* (s) */
	struct registry *registry;	/* (s) */
	struct mailbox **boxes;		/* (c) */
	char            *store;		/* (c) */
	struct thread    thread;	/* (o) main */
	bool             running;	/* (o) main: it is to be joined */
	struct request  *request;	/* the thread's while it runs */
	atomic_bool      stop;		/* (a) */
	atomic_bool      done;		/* (a) nothing is being copied */
};

struct backup *
backup_new(struct vault *vault, struct registry *registry,
    struct mailbox **boxes, const char *store)
{
	struct backup *b = xcalloc(1, sizeof(*b));

	b->vault = vault;
	b->registry = registry;
	b->boxes = boxes;
	b->store = store != NULL ? xmemdup(store, strlen(store)) : NULL;
	return b;
}

void
backup_free(struct backup **at)
{
	struct backup *b = *at;

	*at = NULL;
	if (b == NULL)
		return;
	assert(!b->running);
	free(b->store);
	free(b);
}

static int
copy_all(struct snapshot *s, struct ledger **ledgers, size_t count)
{
	int rc = snapshot_begin(s);

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = snapshot_ledger(s, ledgers[i]);
	return rc < 0 ? rc : snapshot_end(s, clock_wall_ms());
}

int
backup_make(struct vault *vault, struct ledger **ledgers, size_t count,
    const char *store, const char *path, const atomic_bool *stop,
    struct manifest_totals *totals_r, char *why_r, size_t size)
{
	struct snapshot s = { .vault = vault, .store = store, .stop = stop };
	int rc = tree_begin(&s.tree, path);

	if (rc == 0 && tree_is_inside(&s.tree, vault->rooms)) {
		snprintf(why_r, size, "%s: rooms are kept there", path);
		rc = -EINVAL;
		tree_undo(&s.tree);
	} else if (rc < 0) {
		snprintf(why_r, size, "%s: %s%s", path, strerror(-rc),
		    rc == -EACCES ? "; storage.backups says where backups "
		    "may be" : "");
	} else {
		rc = copy_all(&s, ledgers, count);
		if (rc < 0) {
			snprintf(why_r, size, "%s/%s: %s", path, s.tree.fault,
			    strerror(-rc));
			tree_undo(&s.tree);
		}
	}
	*totals_r = s.tree.totals;
	tree_fini(&s.tree);
	return rc;
}

static void
add_ledger(const struct room *room, void *arg)
{
	struct ledgers *l = arg;

	if (room->ledger == NULL)
		return;
	if (l->count == l->space) {
		l->space = l->space > 0 ? 2 * l->space : 64;
		l->at = xrealloc(l->at, l->space * sizeof(*l->at));
	}
	l->at[l->count++] = ledger_ref(room->ledger);
}

static enum error
error_of(int rc)
{
	switch (rc) {
	case -ECANCELED:
		return ERROR_SHUTTING_DOWN;
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
		return ERROR_STORAGE_FULL;
	case -EEXIST:
	case -EINVAL:
	case -ELOOP:
	case -ENAMETOOLONG:
	case -ENOENT:
	case -ENOTDIR:
	case -ENOTEMPTY:
		return ERROR_BAD_VALUE;
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return ERROR_DENIED;
	default:
		return ERROR_INTERNAL;
	}
}

static void
answer(struct request *r, const char *path, int rc,
    const struct manifest_totals *sum, const char *why)
{
	if (rc < 0) {
		log_warn("backup failed: %s", why);
		request_error(r, error_of(rc), why);
		return;
	}
	log_info("backup to %s: %" PRIu64 " files, %" PRIu64 " bytes", path,
	    sum->files, sum->bytes);
	request_ok(r, "%" PRIu64 " %" PRIu64, sum->files, sum->bytes);
}

static void
run(void *arg)
{
	struct backup *b = arg;
	struct request *r = b->request;
	struct slice text = r->words.text, who = person_name(r->who);
	char *path = xmemdup(text.at, text.len);
	struct ledgers l = { .count = 0 };
	struct manifest_totals sum;
	char why[LINE_MAX_BYTES - 256] = "";
	int rc;

	log_info("backup to %s, asked by %.*s", path, (int)who.len,
	    who.at);
	registry_each(b->registry, add_ledger, &l);
	rc = backup_make(b->vault, l.at, l.count, b->store, path, &b->stop,
	    &sum, why, sizeof(why));
	while (l.count > 0)
		ledger_unref(&l.at[--l.count]);
	free(l.at);
	answer(r, path, rc, &sum, why);
	free(path);
	atomic_store(&b->done, true);
	mailbox_send(b->boxes[r->io], &r->mail);
}

static void
join(struct backup *b)
{
	if (b->running)
		thread_join(&b->thread);
	b->running = false;
}

void
backup_ask(struct backup *b, struct request *r)
{
	int rc;

	if (atomic_load(&b->stop)) {
		request_error(r, ERROR_SHUTTING_DOWN,
		    error_help(ERROR_SHUTTING_DOWN));
	} else if (r->words.text.len == 0 || r->words.text.at[0] != '/') {
		request_error(r, ERROR_BAD_VALUE,
		    "the directory must begin with a '/'");
	} else if (b->running && !atomic_load(&b->done)) {
		request_error(r, ERROR_BUSY, "a backup is being made");
	} else {
		join(b);
		b->request = r;
		atomic_store(&b->done, false);
		rc = thread_start(&b->thread, "backup", STACK, false, run, b);
		b->running = rc == 0;
		if (rc == 0)
			return;
		request_error(r, ERROR_INTERNAL, strerror(-rc));
	}
	mailbox_send(b->boxes[r->io], &r->mail);
}

void
backup_stop(struct backup *b)
{
	atomic_store(&b->stop, true);
	join(b);
}
