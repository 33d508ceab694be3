/* datadir.c -- a data directory, as earlier runs may have left it
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "datadir.h"
#include "faulty.h"
#include "ledger/ceiling.h"

struct datadir datadir;

void
datadir_fill(const char *name, const char *text, size_t len)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", datadir.path, name);
	f = fopen(path, "w");
	assert(f != NULL);
	fwrite(text, 1, len, f);
	fclose(f);
}

void
datadir_room(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/rooms", datadir.path);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/rooms/%s", datadir.path, name);
	mkdir(path, 0700);
}

void
datadir_clear(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'/*", datadir.path);
	assert(system(command) == 0);
}

void
datadir_leave(
    const char *state, const char *boot, uint64_t number, uint64_t time)
{
	struct ceiling c = {
		.life = DATADIR_LIFE, .number = number, .time = time
	};
	char text[VAULT_CEILING_MAX];
	size_t len;

	datadir_clear();
	datadir_room("lobby");
	snprintf(c.state, sizeof(c.state), "%s", state);
	snprintf(c.boot, sizeof(c.boot), "%s", boot);
	len = ceiling_print(&c, text);
	datadir_fill("ceiling", text, len);
}

struct vault *
datadir_open(const char *life)
{
	struct vault *v;

	datadir.why[0] = '\0';
	v = vault_open(datadir.config, datadir.path, life, datadir.why,
	    sizeof(datadir.why));
	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	return v;
}

void
datadir_fill_room(const char *file, const char *text)
{
	char path[300];

	snprintf(path, sizeof(path), "rooms/%s", file);
	datadir_fill(path, text, strlen(text));
}

int
datadir_start(void)
{
	snprintf(datadir.path, sizeof(datadir.path), "vault-XXXXXX");
	datadir.config = config_new();
	faulty_boot("boot-1");
	return mkdtemp(datadir.path) == NULL;
}

int
datadir_finish(void)
{
	char command[64];

	config_free(&datadir.config);
	snprintf(command, sizeof(command), "rm -rf '%s'", datadir.path);
	return system(command);
}
