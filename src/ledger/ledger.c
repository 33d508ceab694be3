/* ledger.c -- a room's log on disk: what it is, and its state
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/parts.h"
#include "proto/mail.h"

struct ledger *
ledger_new(struct vault *v, const char *dir)
{
	struct ledger *l = xcalloc(1, sizeof(*l));

	assert(strlen(dir) <= VAULT_DIR_MAX);
	l->vault = v;
	memcpy(l->dir, dir, strlen(dir));
	atomic_init(&l->refs, 1);
	lock_init(&l->lock, LOCK_LEDGER);
	l->todo = -1;
	l->fd = -1;
	list_init(&l->in_open);
	list_init(&l->in_keeper);
	l->dirty.kind = MAIL_DIRTY;
	l->sync.kind = MAIL_FULL;
	return l;
}

void
ledger_found(struct ledger *l, uint64_t size)
{
	atomic_store(&l->bytes, size);
}

struct ledger *
ledger_ref(struct ledger *l)
{
	atomic_fetch_add(&l->refs, 1);
	return l;
}

bool
ledger_alive(struct ledger *l)
{
	unsigned refs = atomic_load(&l->refs);

	while (refs > 0)
		if (atomic_compare_exchange_weak(&l->refs, &refs, refs + 1))
			return true;
	return false;
}

void
ledger_unref(struct ledger **lp)
{
	struct ledger *l = *lp;

	*lp = NULL;
	if (l == NULL || atomic_fetch_sub(&l->refs, 1) > 1)
		return;
	vault_shut(l);
	if (l->todo >= 0)
		disk_close(l->todo);
	lock_fini(&l->lock);
	free(l->segments);
	free(l);
}

void
ledger_used(struct ledger *l, int64_t bytes)
{
	atomic_fetch_add(&l->bytes, (uint64_t)bytes);
	vault_used(l->vault, bytes);
}

void
ledger_fail(struct ledger *l, const char *what, int why)
{
	int none = 0;

	atomic_fetch_add(&l->vault->counters.failures, 1);
	if (atomic_compare_exchange_strong(&l->failure, &none, why))
		log_warn("rooms/%s: %s: %s; nothing is appended until RETRY or "
			 "a restart",
		    l->dir, what, strerror(-why));
}

void
ledger_doubt(struct ledger *l, const char *what, int why)
{
	vault_doubt(l->vault);
	ledger_fail(l, what, why);
}

void
ledger_tell(struct ledger *l)
{
	if (l->vault->keeper == NULL || atomic_exchange(&l->told, true))
		return;
	ledger_ref(l);
	if (!mailbox_post(l->vault->keeper, &l->dirty, NULL)) {
		atomic_store(&l->told, false);
		ledger_unref(&l);
	}
}

bool
ledger_ask_sync(struct ledger *l)
{
	if (l->vault->keeper == NULL)
		return false;
	if (!atomic_exchange(&l->asked, true)) {
		ledger_ref(l);
		mailbox_send(l->vault->keeper, &l->sync);
	}
	return true;
}

int
ledger_make(struct ledger *l)
{
	int rc;

	if (l->made)
		return 0;
	rc = disk_mkdir(l->vault->rooms, l->dir);
	if (rc < 0 && rc != -EEXIST)
		return rc;
	if (vault_syncs(l->vault)) {
		rc = disk_sync_dir(l->vault->rooms, ".");
		if (rc < 0)
			return rc;
	}
	l->made = true;
	ledger_used(l, LEDGER_DIR_BYTES);
	return 0;
}

void
ledger_rest(struct ledger *l)
{
	vault_shut(l);
}

uint64_t
ledger_last(const struct ledger *l)
{
	return atomic_load(&l->last);
}

void
ledger_keep(struct ledger *l, uint64_t ms, uint64_t count)
{
	bool other = atomic_exchange(&l->keep_ms, ms) != ms;

	if (atomic_exchange(&l->keep_count, count) != count || other)
		ledger_tell(l);
}

uint64_t
ledger_bytes(const struct ledger *l)
{
	return atomic_load(&l->bytes);
}

int
ledger_failure(const struct ledger *l)
{
	return atomic_load(&l->failure);
}
