/* lobby.c -- the log of one room, which tests write, ruin and load
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "base/alloc.h"
#include "faulty.h"
#include "lobby.h"
#include "proto/words.h"

struct lobby lobby;

void
lobby_begin(enum config_sync sync)
{
	lobby.scribe = scribe_new(sync);
	atomic_store(&lobby.scribe->config->storage_files, 0);
}

void
lobby_end(struct ledger **l)
{
	if (l != NULL)
		ledger_unref(l);
	scribe_free(&lobby.scribe);
}

int
lobby_add(struct ledger *l, uint64_t first, uint64_t last, const char *text)
{
	struct iovec pieces[64];
	char *lines[64], line[LINE_MAX_BYTES];
	unsigned count = (unsigned)(last - first) + 1;
	int rc;

	assert(count <= 64);
	for (unsigned i = 0; i < count; i++) {
		int len = snprintf(line, sizeof(line),
		    "MSG lobby %llu %llu ~alice %s\n",
		    (unsigned long long)(first + i),
		    (unsigned long long)(SCRIBE_WALL + first + i), text);

		lines[i] = xmemdup(line, (size_t)len);
		pieces[i] = (struct iovec){ lines[i], (size_t)len };
	}
	rc = ledger_append(l, slice_of("lobby"), pieces, count, first, last,
	    SCRIBE_WALL + first);
	for (unsigned i = 0; i < count; i++)
		free(lines[i]);
	return rc;
}

void
lobby_holds(struct ledger *l, uint64_t first, const char *expected)
{
	size_t len;
	char *text = scribe_read(lobby.scribe, l->dir, first, ".log", &len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, expected);
	free(text);
}

void
lobby_loads_to(uint64_t last)
{
	struct ledger *l = ledger_new(lobby.scribe->vault, "lobby");

	CU_ASSERT_EQUAL(ledger_load(l), last);
	CU_ASSERT_EQUAL(ledger_last(l), last);
	CU_ASSERT_EQUAL(lobby.scribe->vault->counters.cut, 0);
	CU_ASSERT_EQUAL(lobby.scribe->vault->counters.damaged, 0);
	ledger_unref(&l);
}

void
lobby_path(char path[LOBBY_PATH], const char *name)
{
	snprintf(path, LOBBY_PATH, "%s/rooms/lobby/%s", lobby.scribe->dir, name);
}

void
lobby_put(const char *name, const char *text, size_t len)
{
	char path[LOBBY_PATH];
	FILE *f;

	lobby_path(path, name);
	f = fopen(path, "w");
	assert(f != NULL);
	fwrite(text, 1, len, f);
	fclose(f);
}

void
lobby_put_log(uint64_t first, const char *suffix, const char *text, size_t len)
{
	char name[64];

	snprintf(
	    name, sizeof(name), "%016llu%s", (unsigned long long)first, suffix);
	lobby_put(name, text, len);
}

void
lobby_clear(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/rooms/lobby/*",
	    lobby.scribe->dir);
	assert(system(command) == 0);
}

/* Removes what is there, but for logs and sums, which are put anew. */
static void
clear_cuts(void)
{
	char path[LOBBY_PATH], name[600];
	struct dirent *entry;
	DIR *d;

	lobby_path(path, ".");
	d = opendir(path);
	assert(d != NULL);
	while ((entry = readdir(d)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(name);
	}
	closedir(d);
}

void
lobby_write(bool settled)
{
	struct ledger *l;

	lobby.scribe = scribe_new(SYNC_INTERVAL);
	vault_note(lobby.scribe->vault, FIRST, 0);
	l = scribe_ledger(lobby.scribe, "lobby");
	for (unsigned i = 0; i < LINES; i++)
		scribe_add(l, FIRST + i, "MSG", "hello there");
	scribe_settle(lobby.scribe);
	ledger_unref(&l);
	lobby.log =
	    scribe_read(lobby.scribe, "lobby", FIRST, ".log", &lobby.log_len);
	lobby.sum =
	    scribe_read(lobby.scribe, "lobby", FIRST, ".sum", &lobby.sum_len);
	if (!settled)
		lobby.sum_len = 0;
}

void
lobby_remove(void)
{
	free(lobby.log);
	free(lobby.sum);
	faulty_set(NULL);
	scribe_free(&lobby.scribe);
}

void
lobby_restore(size_t len)
{
	clear_cuts();
	lobby_put_log(FIRST, ".log", lobby.log, len);
	if (lobby.sum_len > 0)
		lobby_put_log(FIRST, ".sum", lobby.sum, lobby.sum_len);
}

uint64_t
lobby_lines_before(size_t len)
{
	uint64_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += lobby.log[i] == '\n';
	return count;
}

bool
lobby_is_aside(uint64_t first, size_t at, const char *text, size_t len)
{
	char path[LOBBY_PATH], name[64], *got = xmalloc(len + 1);
	size_t got_len;
	FILE *f;

	snprintf(name, sizeof(name), "cut-%016llu-%zu",
	    (unsigned long long)first, at);
	lobby_path(path, name);
	f = fopen(path, "r");
	got_len = f != NULL ? fread(got, 1, len + 1, f) : 0;
	if (f != NULL)
		fclose(f);
	len = f != NULL && got_len == len && memcmp(got, text, len) == 0;
	free(got);
	return len;
}

void
lobby_goes_on(struct ledger *l, uint64_t after)
{
	struct ledger *again;

	CU_ASSERT_EQUAL(ledger_failure(l), 0);
	scribe_add(l, after + 1, "MSG", "on");
	again = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_EQUAL(ledger_last(again), after + 1);
	ledger_unref(&again);
}

bool
lobby_is_high(uint64_t number)
{
	return number >= lobby.scribe->vault->floor &&
	    number >= FIRST + LINES - 1;
}
