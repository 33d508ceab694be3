/* files.c -- the descriptors of logs, of which only so many are open
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>

#include "base/disk.h"
#include "ledger/parts.h"

/* What is closed before its sync may take a failure of it to the grave. */
static void
retire(struct ledger *l, int fd)
{
	int rc;

	if (config_get(&l->vault->config->storage_fsync) == SYNC_INTERVAL &&
	    atomic_load(&l->told)) {
		rc = disk_sync(fd);
		if (rc < 0)
			ledger_doubt(l, "sync", rc);
	}
	disk_close(fd);
}

/* Takes the descriptor away, if there is one. Under the vault's lock. */
static int
detach(struct ledger *l)
{
	int fd = l->fd;

	if (fd >= 0) {
		assert(!l->pinned);
		list_remove(&l->in_open);
		l->vault->open_count--;
	}
	l->fd = -1;
	return fd;
}

/* Who has been idle longest, referenced. Under the vault's lock. */
static struct ledger *
idlest(struct vault *v)
{
	struct ledger *l;

	for (struct link *at = v->open.next; at != &v->open; at = at->next) {
		l = list_entry(at, struct ledger, in_open);
		if (!l->pinned && ledger_alive(l))
			return l;
	}
	return NULL;
}

/* Closes one if there are more than `most`; false if nothing was closed. */
static bool
close_one(struct vault *v, unsigned most)
{
	struct ledger *l = NULL;
	int fd = -1;

	lock_take(&v->lock);
	if (v->open_count > most)
		l = idlest(v);
	if (l != NULL)
		fd = detach(l);
	lock_drop(&v->lock);
	if (l == NULL)
		return false;
	retire(l, fd);
	ledger_unref(&l);
	return true;
}

bool
vault_spare(struct vault *v)
{
	return close_one(v, 0);
}

int
vault_file(struct vault *v, const char *path, int flags)
{
	int fd;

	do
		fd = disk_open(v->rooms, path, flags);
	while ((fd == -EMFILE || fd == -ENFILE) && vault_spare(v));
	return fd;
}

void
vault_turn(struct ledger *l, int fd)
{
	struct vault *v = l->vault;
	int old;

	lock_take(&v->lock);
	old = detach(l);
	l->fd = fd;
	l->pinned = true;
	list_append(&v->open, &l->in_open);
	v->open_count++;
	lock_drop(&v->lock);
	/* It was synced before there was another. */
	if (old >= 0)
		disk_close(old);
	close_one(v, v->open_most);
}

int
vault_pin(struct ledger *l)
{
	char path[LEDGER_PATH];
	struct segment s;
	int fd;

	lock_take(&l->vault->lock);
	fd = l->fd;
	if (fd >= 0) {
		l->pinned = true;
		list_remove(&l->in_open);
		list_append(&l->vault->open, &l->in_open);
	}
	lock_drop(&l->vault->lock);
	if (fd >= 0)
		return fd;
	if (!segment_last(l, &s))
		return -ENOENT;
	segment_path(l, s.first, ".log", path);
	fd = vault_file(l->vault, path, O_RDWR);
	if (fd >= 0)
		vault_turn(l, fd);
	return fd;
}

void
vault_unpin(struct ledger *l)
{
	lock_take(&l->vault->lock);
	assert(l->pinned);
	l->pinned = false;
	lock_drop(&l->vault->lock);
}

void
vault_shut(struct ledger *l)
{
	int fd;

	lock_take(&l->vault->lock);
	fd = detach(l);
	lock_drop(&l->vault->lock);
	if (fd >= 0)
		retire(l, fd);
}
