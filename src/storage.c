/* storage.c -- everything that is kept on disk, and its threads
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/backup.h"
#include "account/store.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/keeper.h"
#include "net/bans.h"
#include "room/archive.h"
#include "room/marks.h"
#include "storage.h"

struct storage {
	struct registry *registry;
	const char      *data;
	struct store    *store;
	struct vault    *vault;
	struct keeper   *keeper;
	struct archives *archives;
	struct backup   *backup;
};

static void
found(const char *dir, struct slice name, uint64_t last, uint64_t size,
    void *arg)
{
	registry_found(arg, dir, name, last, size);
}

static void
switches(struct slice key, struct slice name, const struct switches *s,
    void *arg)
{
	registry_switches(arg, key, name, s);
}

static void
grant(struct slice room, struct slice who, enum role role, uint64_t until,
    void *arg)
{
	registry_grant(arg, room, who, role, until);
}

static bool
guest(struct slice nick, uint64_t since, const unsigned char *secret,
    void *arg)
{
	return people_restore(arg, nick, since, secret, clock_ms());
}

static bool
account(const struct account_facts *facts, void *arg)
{
	const char *why;

	if (accounts_restore(arg, facts, &why))
		return true;
	log_warn("the account %s cannot be used: %s", facts->name, why);
	return false;
}

static void
invite(const unsigned char *hash, uint64_t expires, void *arg)
{
	accounts_restore_invite(arg, hash, expires);
}

static void
mark(struct slice account, struct slice room, uint64_t number, void *arg)
{
	marks_restore(arg, account, room, number);
}

static void
ban(const struct ban *b, void *arg)
{
	(void)bans_add(arg, b, clock_ms(), clock_wall_ms());
}

/* Which database and which logs belong together is told by their life. */
static bool
open_all(struct storage *s, const struct config *config, const char *data,
    char *why, size_t size)
{
	s->store = store_open(data, why, size);
	if (s->store == NULL)
		return false;
	s->vault = vault_open(config, data, store_life(s->store), why, size);
	if (s->vault == NULL)
		return false;
	return strcmp(store_life(s->store), s->vault->life) == 0 ||
	    store_set_life(s->store, s->vault->life, why, size);
}

int
storage_load(struct storage *s, struct bans *bans, char *why, size_t size)
{
	struct registry *r = s->registry;

	/* Whose a direct conversation is, and a mark, is told by accounts. */
	if (!store_each_account(s->store, account, r, why, size) ||
	    !store_each_invite(s->store, invite, r, why, size) ||
	    !store_each_mark(s->store, mark, r, why, size))
		return -1;
	vault_each(s->vault, found, r);
	if (!store_each_room(s->store, switches, r, why, size) ||
	    !store_each_grant(s->store, grant, r, why, size) ||
	    !store_each_guest(s->store, guest, r, why, size) ||
	    !store_each_ban(s->store, ban, bans, why, size))
		return -1;
	log_info("data directory %s: %zu rooms", s->data, r->rooms.count);
	return 0;
}

struct storage *
storage_new(const struct config *config, const char *data,
    struct registry *registry, char *why, size_t size)
{
	struct storage *s = xcalloc(1, sizeof(*s));
	char path[4096];

	s->registry = registry;
	s->data = data;
	if (!open_all(s, config, data, why, size)) {
		storage_free(&s);
		return NULL;
	}
	s->keeper = keeper_new(s->vault);
	s->archives = archives_new(registry->boxes);
	snprintf(path, sizeof(path), "%s/vcrpd.db", data);
	s->backup = backup_new(s->vault, registry, registry->boxes, path);
	registry->vault = s->vault;
	registry->keeper = s->vault->keeper;
	registry->archives = s->archives;
	registry->store = store_box(s->store);
	return s;
}

int
storage_start(struct storage *s)
{
	int rc = store_start(s->store);

	if (rc == 0)
		rc = keeper_start(s->keeper);
	return rc < 0 ? rc : archives_start(s->archives);
}

void
storage_hurry(struct storage *s)
{
	backup_stop(s->backup);
}

void
storage_drain(struct storage *s)
{
	store_drain(s->store);
	keeper_hurry(s->keeper);
}

void
storage_stop(struct storage *s)
{
	archives_stop(s->archives);
	marks_save(s->registry, UINT64_MAX);
	store_stop(s->store);
	keeper_stop(s->keeper);
	s->registry->store = s->registry->keeper = NULL;
}

void
storage_free(struct storage **at)
{
	struct storage *s = *at;

	*at = NULL;
	if (s == NULL)
		return;
	if (s->backup != NULL)
		backup_free(&s->backup);
	if (s->archives != NULL)
		archives_free(&s->archives);
	if (s->keeper != NULL)
		keeper_free(&s->keeper);
	if (s->vault != NULL)
		vault_close(&s->vault);
	if (s->store != NULL)
		store_free(&s->store);
	free(s);
}

struct backup *
storage_backup(struct storage *s)
{
	return s->backup;
}

struct store *
storage_store(struct storage *s)
{
	return s->store;
}
