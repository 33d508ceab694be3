/* test_vault_rooms.c -- the directories of rooms, and what is in them
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "datadir.h"
#include "faulty.h"
#include "ledger/ceiling.h"
#include "ledger/parts.h"
#include "suite.h"

#define COPY (UINT64_C(1) << 32)
#define YEAR UINT64_C(31536000000)

static void
is_dir(const char *key, size_t len, const char *expected)
{
	char dir[VAULT_DIR_MAX + 1], back[VAULT_DIR_MAX];
	size_t back_len;

	vault_dir((struct slice){ key, len }, dir);
	CU_ASSERT_STRING_EQUAL(dir, expected);
	CU_ASSERT(vault_key(dir, back, sizeof(back), &back_len));
	CU_ASSERT_EQUAL(back_len, len);
	CU_ASSERT_EQUAL(memcmp(back, key, len), 0);
}

static void
directories_are_named_after_rooms(void)
{
	static const char *const bad[] = { "", ".", "..", "a.b", "%", "%4",
		"%4x", "%61", "%2e", "A", "a b", "lost+found", "%%", "a%%b" };
	char back[VAULT_DIR_MAX];
	size_t len;

	is_dir("lobby", 5, "lobby");
	is_dir("a-b_9", 5, "a-b_9");
	is_dir("../x", 4, "%2E%2E%2Fx");
	is_dir("a%b", 3, "a%25b");
	is_dir("@~alice,bob", 11, "%40%7Ealice%2Cbob");
	is_dir("Caf\xc3\xa9", 5, "%43af%C3%A9");
	is_dir("a\0b", 3, "a%00b");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(vault_key(bad[i], back, sizeof(back), &len));
	CU_ASSERT_FALSE(vault_key("lobby", back, 4, &len));
	CU_ASSERT(vault_key("lobby", back, 5, &len));
}

static void
long_names_end_in_a_hash(void)
{
	char key[700], dir[VAULT_DIR_MAX + 1], other[VAULT_DIR_MAX + 1],
	    back[8];
	size_t len;

	memset(key, 'a', sizeof(key));
	vault_dir((struct slice){ key, 200 }, dir);
	CU_ASSERT_EQUAL(strlen(dir), 200);
	CU_ASSERT_PTR_NULL(strchr(dir, '%'));
	vault_dir((struct slice){ key, 201 }, dir);
	CU_ASSERT_EQUAL(strlen(dir), 194);
	CU_ASSERT_EQUAL(strspn(dir, "a"), 160);
	CU_ASSERT_EQUAL(strncmp(dir + 160, "%%", 2), 0);
	CU_ASSERT_EQUAL(strspn(dir + 162, "0123456789abcdef"), 32);
	CU_ASSERT_FALSE(vault_key(dir, back, sizeof(back), &len));
	key[200] = 'b';
	vault_dir((struct slice){ key, 201 }, other);
	CU_ASSERT_STRING_NOT_EQUAL(dir, other);
	memset(key, '.', sizeof(key));
	vault_dir((struct slice){ key, 66 }, dir);
	CU_ASSERT_EQUAL(strlen(dir), 198);
	vault_dir((struct slice){ key, 67 }, dir);
	CU_ASSERT_EQUAL(strlen(dir), 194);
	vault_dir((struct slice){ key, sizeof(key) }, dir);
	CU_ASSERT_EQUAL(strlen(dir), 194);
}

static char found[4096];
static uint64_t sizes;

static void
note_found(const char *dir, struct slice name, uint64_t last, uint64_t size,
    void *arg)
{
	size_t len = strlen(found);

	(void)arg;
	sizes += size;
	snprintf(found + len, sizeof(found) - len, "%s=%.*s:%llu;", dir,
	    (int)name.len, name.at, (unsigned long long)last);
}

#define FOUND(text) CU_ASSERT_PTR_NOT_NULL(strstr(found, text))

static void
finds_the_rooms_by_their_newest_lines(void)
{
	static const char *const dirs[] = { "lobby", "caf%C3%A9", "torn",
		"older", "gap", "empty", "attrs", "lost+found" };
	char big[20000] = "";
	struct vault *v;

	datadir_leave("closed", "boot-1", 1000, 1000);
	for (unsigned i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		datadir_room(dirs[i]);
	datadir_fill_room("lobby/0000000000000005.log", "MSG lobby 5 1 ~a x\n");
	datadir_fill_room("lobby/0000000000000009.log",
	    "MSG lobby 9 1 ~a x\nMSG LobbY 10 1 ~a x y\n");
	datadir_fill_room("lobby/0000000000000009.sum", "0123456789abcdef");
	datadir_fill_room(
	    "caf%C3%A9/0000000000000007.log", "MSG caf\xc3\xa9 7 1 ~a\n");
	for (int i = 0; i < 400; i++)
		snprintf(big + strlen(big), sizeof(big) - strlen(big),
		    "MSG Torn %d 1 ~alice something said here\n", 100 + i);
	strcat(big, "MSG Tor");
	datadir_fill_room("torn/0000000000000100.log", big);
	datadir_fill_room("older/0000000000000003.log", "MSG Older 3 1 ~a x\n");
	datadir_fill_room("older/0000000000000004.log", "MSG Older");
	datadir_fill_room(
	    "gap/0000000000000001.log", "MSG Gap 1 1 ~a x\nGAP Gap 2 90\n");
	datadir_fill_room(
	    "attrs/0000000000000001.log", "@a=b;+c=d MSG At 1 1 ~a x\n");
	datadir_fill_room("file", "not a directory");
	v = datadir_open(DATADIR_LIFE);
	found[0] = '\0';
	vault_each(v, note_found, NULL);
	FOUND("lobby=LobbY:10;");
	FOUND("caf%C3%A9=caf\xc3\xa9:7;");
	FOUND("torn=Torn:499;");
	FOUND("older=Older:3;");
	FOUND("gap=Gap:90;");
	FOUND("attrs=At:1;");
	FOUND("empty=:0;");
	CU_ASSERT_PTR_NULL(strstr(found, "lost+found"));
	CU_ASSERT_EQUAL(sizes, v->bytes);
	CU_ASSERT_EQUAL(v->bytes,
	    7 * 4096 + 19 + 41 + 16 + strlen(big) + 19 + 9 + 30 + 26 + 17);
	vault_close(&v);
}

static struct ceiling
now(void)
{
	char text[VAULT_CEILING_MAX], path[64];
	struct ceiling c = { .number = 0 };
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/ceiling", datadir.path);
	f = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	CU_ASSERT_EQUAL(ceiling_parse((struct slice){ text, len }, &c), 0);
	return c;
}

static void
a_copy_goes_on_above_its_rooms(void)
{
	uint64_t ahead = (clock_wall_ms() + YEAR) * 1024;
	char line[128];
	struct vault *v;

	/* The clock was a year ahead when that was said. */
	datadir_leave("backup", "backup", 1000, 1000);
	snprintf(line, sizeof(line), "MSG lobby %llu 77 ~a x\n",
	    (unsigned long long)ahead);
	datadir_fill_room("lobby/0000000000000001.log", line);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT(v->floor < ahead);
	vault_each(v, note_found, NULL);
	CU_ASSERT_EQUAL(v->floor, ahead + COPY);
	CU_ASSERT(v->high >= v->floor);
	CU_ASSERT(v->ceiling > v->floor);
	CU_ASSERT_EQUAL(now().number, v->ceiling);
	vault_close(&v);
	/* What is trusted goes on where it is. */
	datadir_leave("closed", "boot-1", 1000, 1000);
	datadir_fill_room("lobby/0000000000000001.log", line);
	v = datadir_open(DATADIR_LIFE);
	vault_each(v, note_found, NULL);
	CU_ASSERT(v->floor < ahead);
	CU_ASSERT(v->high >= ahead);
	CU_ASSERT(v->ceiling > ahead);
	vault_close(&v);
}

static void
a_thousand_rooms_are_found_quickly(void)
{
	char name[64], line[64];
	uint64_t before;
	struct vault *v;

	datadir_leave("closed", "boot-1", 1000, 1000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "room-%d", i);
		datadir_room(name);
		snprintf(line, sizeof(line), "MSG room-%d 1 1 ~a x\n", i);
		snprintf(name, sizeof(name), "room-%d/%016d.log", i, 1);
		datadir_fill_room(name, line);
	}
	v = datadir_open(DATADIR_LIFE);
	found[0] = '\0';
	before = clock_ms();
	vault_each(v, note_found, NULL);
	/* Some 20 ms; a busy machine may take its time. */
	CU_ASSERT(clock_ms() - before < 1000);
	FOUND(":1;");
	vault_close(&v);
}

static void
an_unreadable_room_is_no_obstacle(void)
{
	struct vault *v;

	datadir_leave("closed", "boot-1", 1000, 1000);
	datadir_room("b");
	datadir_fill_room("lobby/0000000000000005.log", "MSG lobby 5 1 ~a x\n");
	datadir_fill_room("b/0000000000000005.log", "MSG b 5 1 ~a x\n");
	v = datadir_open(DATADIR_LIFE);
	faulty_set("list:EACCES:path=rooms/b,read:EIO:path=lobby");
	found[0] = '\0';
	vault_each(v, note_found, NULL);
	faulty_set(NULL);
	FOUND("lobby=:0;");
	FOUND("b=:0;");
	vault_close(&v);
}

static CU_TestInfo tests[] = { { "directories are named after rooms",
				   directories_are_named_after_rooms },
	{ "long names end in a hash", long_names_end_in_a_hash },
	{ "finds the rooms by their newest lines",
	    finds_the_rooms_by_their_newest_lines },
	{ "a copy goes on above its rooms", a_copy_goes_on_above_its_rooms },
	{ "a thousand rooms are found quickly",
	    a_thousand_rooms_are_found_quickly },
	{ "an unreadable room is no obstacle",
	    an_unreadable_room_is_no_obstacle },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "vault_rooms", datadir_start, datadir_finish,
				     NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
