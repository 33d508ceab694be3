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
			ledger_fail(l, "sync", rc);
	}
	disk_close(fd);
}

/* Takes the descriptor away; who has it pinned will close it. -1: there is
 * nothing to close. Under the vault's lock. */
static int
detach(struct ledger *l)
{
	int fd = l->pins == 0 ? l->fd : -1;

	if (l->fd >= 0) {
		list_remove(&l->in_open);
		l->vault->open_count--;
	}
	l->fd = -1;
	l->pins = 0;
	return fd;
}

/* Under the vault's lock. */
static void
attach(struct ledger *l, int fd)
{
	l->fd = fd;
	list_append(&l->vault->open, &l->in_open);
	l->vault->open_count++;
}

/* Who has been idle longest, referenced. Under the vault's lock. */
static struct ledger *
idlest(struct vault *v)
{
	struct ledger *l;

	for (struct link *at = v->open.next; at != &v->open; at = at->next) {
		l = list_entry(at, struct ledger, in_open);
		if (l->pins == 0 && ledger_alive(l))
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

/* It may be another's turn to be closed when descriptors have run out. */
static int
open_log(struct ledger *l, uint64_t first)
{
	char path[LEDGER_PATH];
	int fd;

	segment_path(l, first, ".log", path);
	do
		fd = disk_open(l->vault->rooms, path, O_RDWR);
	while ((fd == -EMFILE || fd == -ENFILE) && close_one(l->vault, 0));
	return fd;
}

/* Pins what is open, or what was just opened (fresh, else -1), if that is
 * still the last segment. Returns the descriptor or -1. */
static int
pin(struct ledger *l, int fresh, uint64_t *first)
{
	struct vault *v = l->vault;
	int fd;

	lock_take(&v->lock);
	if (l->fd < 0 && fresh >= 0 && l->fd_first == *first)
		attach(l, fresh);
	*first = l->fd_first;
	fd = l->fd;
	if (fd >= 0) {
		l->pins++;
		list_remove(&l->in_open);
		list_append(&v->open, &l->in_open);
	}
	lock_drop(&v->lock);
	return fd;
}

int
vault_pin(struct ledger *l, uint64_t *first_r)
{
	int fd, fresh = -1;

	*first_r = 0;
	while ((fd = pin(l, fresh, first_r)) < 0) {
		if (fresh >= 0)
			disk_close(fresh);
		if (*first_r == 0)
			return -ENOENT;
		fresh = open_log(l, *first_r);
		if (fresh < 0)
			return fresh;
	}
	if (fresh >= 0 && fresh != fd)
		disk_close(fresh);
	if (fresh >= 0)
		close_one(l->vault, l->vault->open_most);
	return fd;
}

void
vault_unpin(struct ledger *l, int fd)
{
	bool current;

	lock_take(&l->vault->lock);
	current = l->fd == fd;
	if (current) {
		assert(l->pins > 0);
		l->pins--;
	}
	lock_drop(&l->vault->lock);
	if (!current)
		retire(l, fd);
}

void
vault_turn(struct ledger *l, int fd, uint64_t first)
{
	int old;

	lock_take(&l->vault->lock);
	old = detach(l);
	l->fd_first = first;
	if (fd >= 0) {
		attach(l, fd);
		l->pins = 1;
	}
	lock_drop(&l->vault->lock);
	if (old >= 0)
		retire(l, old);
	if (fd >= 0)
		close_one(l->vault, l->vault->open_most);
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
