/* fake_store.c -- a log and its threads, done by a test
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "fake_io.h"
#include "fake_store.h"
#include "room/marks.h"

static void
open_all(struct fake *f)
{
	struct keeping *k = f->keeping;
	struct registry *r = f->registry;
	char why[256];

	k->vault = vault_open(f->config, k->dir, k->life, why, sizeof(why));
	assert(k->vault != NULL);
	memcpy(k->life, k->vault->life, sizeof(k->life));
	k->keeper = keeper_new(k->vault);
	k->archives = archives_new(f->box_at);
	r->vault = k->vault;
	r->keeper = k->vault->keeper;
	r->archives = k->archives;
	r->store = &k->store;
}

void
fake_store(struct fake *f)
{
	struct keeping *k = xcalloc(1, sizeof(*k));

	assert(f->keeping == NULL && f->room == NULL);
	f->keeping = k;
	snprintf(k->dir, sizeof(k->dir), "fake-XXXXXX");
	if (mkdtemp(k->dir) == NULL)
		abort();
	mailbox_init(&k->store, 0);
	atomic_store(&f->config->storage_segment, 64);
	atomic_store(&f->config->rooms_window, 16);
	open_all(f);
}

static void
close_all(struct keeping *k)
{
	archives_free(&k->archives);
	keeper_free(&k->keeper);
	vault_close(&k->vault);
}

/* Tells it like a line of the log would. */
static void
note_change(struct keeping *k, const struct change *c)
{
	const struct switches *s = &c->switches;

	if (c->grants) {
		blob_printf(&k->saved, "%.*s %s%s\n", (int)c->who_len, c->who,
		    role_name(c->role), c->until == UINT64_MAX ? "" :
		    " for a while");
		return;
	}
	blob_printf(&k->saved, "%.*s%s%s%s%s slow %u keep %" PRIu64 "/%"
	    PRIu64 "\n", s->topic != NULL ? (int)s->topic->len : 1,
	    s->topic != NULL ? s->topic->data : "-",
	    s->hidden ? " hidden" : "",
	    s->members_only ? " members-only" : "",
	    s->moderated ? " moderated" : "",
	    s->ephemeral ? " ephemeral" : "", s->slow, s->keep_ms,
	    s->keep_count);
}

static void
save(struct fake *f, struct mail *m)
{
	struct keeping *k = f->keeping;
	struct saving *saving;
	struct person *p;
	struct change *c;

	if (m->kind == MAIL_FORGET) {
		p = table_entry(m, struct reservation, over)->person;
		person_unref(&p);
		return;
	}
	if (m->kind == MAIL_MARK) {
		saving = table_entry(m, struct saving, mail);
		marks_saved(&saving);
		return;
	}
	assert(m->kind == MAIL_CHANGE);
	c = table_entry(m, struct change, mail);
	c->done = !k->fails;
	if (c->done)
		note_change(k, c);
	mailbox_send(c->back, m);
	f->more = true;
}

static void
save_all(struct fake *f)
{
	struct mail *waiters, *next;
	struct mail *m = mailbox_take(&f->keeping->store, &waiters);

	for (; m != NULL; m = next) {
		next = m->next;
		save(f, m);
	}
}

void
fake_keep(struct fake *f)
{
	struct keeping *k = f->keeping;

	if (k == NULL)
		return;
	if (!k->no_reads && archives_round(k->archives))
		f->more = true;
	if (!k->no_saving)
		save_all(f);
	if (!k->no_erasing && f->room != NULL && f->room->erasing > 0) {
		keeper_round(k->keeper, f->now, f->wall, true);
		f->more = true;
	}
}

void
fake_release(struct fake *f)
{
	struct keeping *k = f->keeping;

	if (k != NULL)
		k->no_reads = k->no_erasing = k->no_saving = false;
}

struct room *
fake_known(struct fake *f, const struct room_word *w)
{
	struct table_node *n = table_find(&f->registry->rooms,
	    (struct slice){ w->key, w->key_len });
	struct room *room;

	if (n == NULL)
		return NULL;
	room = table_entry(n, struct room, node);
	list_remove(&room->dormant);
	table_remove(&f->registry->rooms, n);
	room_wake(room);
	return room;
}

static void
found(const char *dir, struct slice name, uint64_t last, uint64_t size,
    void *arg)
{
	registry_found(arg, dir, name, last, size);
}

/* Erasures that wait go back undone: they would be gone with the room. */
static void
lose_erasures(struct fake *f)
{
	struct mailbox *keeper = f->keeping->vault->keeper;
	struct mail *waiters, *next;
	struct mail *m = mailbox_take(keeper, &waiters);

	for (; m != NULL; m = next) {
		next = m->next;
		if (m->kind == MAIL_ERASE)
			mailbox_send(&f->room->inbox, m);
		else
			mailbox_send(keeper, m);
	}
}

struct kept_accounts {
	struct account_facts all[16];
	unsigned             count;
};

static void
keep_account(const struct account *a, void *arg)
{
	struct kept_accounts *k = arg;
	struct slice name = person_name(a->person);
	struct account_facts *f = &k->all[k->count++];

	assert(k->count <= 16);
	memcpy(f->name, name.at, name.len);
	f->admin = a->admin;
	f->created = a->person->since;
}

void
fake_restart(struct fake *f)
{
	struct kept_accounts accounts = { .count = 0 };
	struct keeping *k = f->keeping;
	const char *why;

	k->fails = k->no_saving;
	if (k->no_erasing)
		lose_erasures(f);
	fake_release(f);
	accounts_each(f->registry, keep_account, &accounts);
	fake_end(f);
	k->fails = false;
	save_all(f);
	close_all(k);
	f->registry = registry_new(f->config, f->names, f->box_at, FAKE_IOS);
	open_all(f);
	for (unsigned i = 0; i < accounts.count; i++)
		accounts_restore(f->registry, &accounts.all[i], &why);
	vault_each(k->vault, found, f->registry);
}

bool
fake_saved(struct fake *f, const char *text)
{
	struct keeping *k = f->keeping;
	struct slice saved = { "", 0 };
	bool same;

	if (k->saved != NULL)
		saved = (struct slice){ k->saved->data, k->saved->len };
	same = slice_is(saved, text);
	if (!same)
		printf("\n    saved:\n%.*s    not:\n%s", (int)saved.len,
		    saved.at, text);
	blob_unref(&k->saved);
	return same;
}

unsigned
fake_logged(struct fake *f, const char *text)
{
	char command[512];
	unsigned count = 0;
	FILE *out;

	snprintf(command, sizeof(command),
	    "cat %s/rooms/*/*.log 2>/dev/null | grep -cF -- '%s'",
	    f->keeping->dir, text);
	out = popen(command, "re");
	if (out == NULL || fscanf(out, "%u", &count) != 1)
		abort();
	pclose(out);
	return count;
}

void
fake_discard(struct fake *f)
{
	struct keeping *k = f->keeping;
	char command[128];

	if (k == NULL)
		return;
	save_all(f);
	close_all(k);
	snprintf(command, sizeof(command), "rm -rf '%s'", k->dir);
	if (system(command) != 0)
		abort();
	blob_unref(&k->saved);
	mailbox_fini(&k->store);
	free(k);
}
