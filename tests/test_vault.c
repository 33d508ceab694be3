/* test_vault.c -- the data directory: its ceiling, and what is in it
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk.h"
#include "faulty.h"
#include "ledger/ceiling.h"
#include "ledger/parts.h"
#include "suite.h"

#define STEP (UINT64_C(1) << 30)
#define COPY (UINT64_C(1) << 32)
#define YEAR UINT64_C(31536000000)
#define LIFE "0123456789abcdef0123456789abcdef"

static struct config *config;
static char data[32];
static char why[256];

static void
fill(const char *name, const char *text, size_t len)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", data, name);
	f = fopen(path, "w");
	assert(f != NULL);
	fwrite(text, 1, len, f);
	fclose(f);
}

static void
make_room(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/rooms", data);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/rooms/%s", data, name);
	mkdir(path, 0700);
}

/* A data directory with nothing in it. */
static void
begin(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'/*", data);
	assert(system(command) == 0);
}

/* As an earlier run has left it. */
static void
leave(const char *state, const char *boot, uint64_t number, uint64_t time)
{
	struct ceiling c = { .life = LIFE, .number = number, .time = time };
	char text[VAULT_CEILING_MAX];
	size_t len;

	begin();
	make_room("lobby");
	snprintf(c.state, sizeof(c.state), "%s", state);
	snprintf(c.boot, sizeof(c.boot), "%s", boot);
	len = ceiling_print(&c, text);
	fill("ceiling", text, len);
}

static struct vault *
open_as(const char *life)
{
	struct vault *v;

	why[0] = '\0';
	v = vault_open(config, data, life, why, sizeof(why));
	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	return v;
}

static struct ceiling
now(void)
{
	char text[VAULT_CEILING_MAX], path[64];
	struct ceiling c = { .number = 0 };
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/ceiling", data);
	f = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	CU_ASSERT_EQUAL(ceiling_parse((struct slice){ text, len }, &c), 0);
	return c;
}

/* Nothing can be given twice: the file is above all that may be given. */
static void
is_ahead(struct vault *v, uint64_t floor)
{
	CU_ASSERT_EQUAL(v->floor, floor);
	CU_ASSERT(v->ceiling > floor);
	CU_ASSERT_STRING_EQUAL(now().state, "open");
	CU_ASSERT_EQUAL(now().number, v->ceiling);
	CU_ASSERT_STRING_EQUAL(now().life, v->life);
	CU_ASSERT_STRING_EQUAL(now().boot, "boot-1");
	CU_ASSERT(now().time > v->begun);
}

static void
begins_in_an_empty_directory(void)
{
	uint64_t wall = clock_wall_ms();
	struct vault *v;

	begin();
	v = open_as("");
	CU_ASSERT(v->trusted);
	CU_ASSERT_EQUAL(strspn(v->life, "0123456789abcdef"), LIFE_BYTES);
	CU_ASSERT(v->floor >= wall * 1024 && v->floor < (wall + 5000) * 1024);
	CU_ASSERT(v->begun >= wall && v->begun < wall + 5000);
	is_ahead(v, v->floor);
	vault_close(&v);
	CU_ASSERT_PTR_NULL(v);
}

static void
is_for_one_server(void)
{
	struct vault *v;

	begin();
	v = open_as("");
	CU_ASSERT_PTR_NULL(vault_open(config, data, "", why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "another server"));
	vault_close(&v);
	v = open_as("");
	vault_close(&v);
}

static void
goes_on_after_an_orderly_stop(void)
{
	uint64_t high, time = clock_wall_ms() + 5000;
	char life[LIFE_BYTES + 1];
	struct vault *v;

	begin();
	v = open_as("");
	high = v->floor + 1000000;
	vault_note(v, high, time);
	vault_note(v, high - 1, time - 1);
	memcpy(life, v->life, sizeof(life));
	vault_close(&v);
	CU_ASSERT_STRING_EQUAL(now().state, "closed");
	CU_ASSERT_EQUAL(now().time, time);
	v = open_as(life);
	CU_ASSERT(v->trusted);
	CU_ASSERT_EQUAL(v->floor, high + 1);
	CU_ASSERT_EQUAL(v->begun, time);
	CU_ASSERT_STRING_EQUAL(v->life, life);
	vault_close(&v);
}

static void
trusts_what_a_kill_left(void)
{
	uint64_t number = clock_wall_ms() * 1024 + STEP;
	struct vault *v;

	leave("open", "boot-1", number, 1000);
	v = open_as(LIFE);
	CU_ASSERT(v->trusted);
	CU_ASSERT_STRING_EQUAL(v->life, LIFE);
	is_ahead(v, number);
	vault_close(&v);
}

static void
trusts_nothing_after_another_boot(void)
{
	uint64_t number = clock_wall_ms() * 1024 + STEP;
	struct vault *v;

	leave("open", "boot-0", number, 1000);
	v = open_as(LIFE);
	CU_ASSERT_FALSE(v->trusted);
	CU_ASSERT_STRING_EQUAL(v->life, LIFE);
	is_ahead(v, number);
	vault_close(&v);
	leave("closed", "boot-0", number, 1000);
	v = open_as(LIFE);
	CU_ASSERT(v->trusted);
	is_ahead(v, number);
	vault_close(&v);
	leave("open", "unknown", number, 1000);
	v = open_as(LIFE);
	CU_ASSERT_FALSE(v->trusted);
	vault_close(&v);
}

/* A kill and an orderly stop later there are rooms that nobody entered. */
static void
doubt_stays(void)
{
	uint64_t number = clock_wall_ms() * 1024 + STEP;
	struct vault *v;

	leave("open", "boot-0", number, 1000);
	v = open_as(LIFE);
	CU_ASSERT_EQUAL(v->doubt, number);
	vault_close(&v);
	v = open_as(LIFE);
	CU_ASSERT(v->trusted);
	CU_ASSERT_EQUAL(v->doubt, number);
	CU_ASSERT(v->floor > number);
	vault_close(&v);
	leave("open", "boot-1", number, 1000);
	v = open_as(LIFE);
	CU_ASSERT_EQUAL(v->doubt, 0);
	vault_close(&v);
}

static void
a_failed_sync_is_a_doubt(void)
{
	uint64_t wall = clock_wall_ms(), high;
	struct vault *v;

	leave("open", "boot-1", wall * 1024 + STEP, 1000);
	v = open_as(LIFE);
	high = v->ceiling - 1;
	vault_note(v, high, wall);
	vault_doubt(v);
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT(now().doubt > high);
	vault_close(&v);
	v = open_as(LIFE);
	CU_ASSERT(v->doubt > high);
	CU_ASSERT(v->floor >= v->doubt);
	vault_close(&v);
}

static void
is_copy(const char *life, uint64_t least)
{
	struct vault *v = open_as(life);

	CU_ASSERT_FALSE(v->trusted);
	CU_ASSERT(v->floor >= least + COPY);
	CU_ASSERT_STRING_NOT_EQUAL(v->life, LIFE);
	is_ahead(v, v->floor);
	vault_close(&v);
}

static void
goes_far_up_in_a_copy(void)
{
	uint64_t wall = clock_wall_ms() * 1024, number = wall + 7 * STEP;
	struct vault *v;
	char text[VAULT_CEILING_MAX];
	size_t len;

	leave("backup", "backup", number, 1000);
	is_copy(LIFE, number);
	leave("closed", "boot-1", number, 1000);
	is_copy("fedcba9876543210fedcba9876543210", number);
	leave("closed", "boot-1", number, 1000);
	is_copy("", number);
	/* What a backup gets is one. */
	begin();
	v = open_as("");
	len = vault_ceiling_text(v, text);
	number = v->ceiling;
	vault_close(&v);
	begin();
	fill("ceiling", text, len);
	is_copy(LIFE, number);
}

static void
without_a_ceiling_rooms_are_a_copy(void)
{
	uint64_t wall = clock_wall_ms() * 1024;
	struct vault *v;

	begin();
	make_room("lobby");
	is_copy(LIFE, wall);
	leave("open", "boot-1", 1000, 1000);
	fill("ceiling", "", 0);
	is_copy(LIFE, wall);
	begin();
	v = open_as(LIFE);
	CU_ASSERT(v->trusted);
	vault_close(&v);
}

static void
any_damage_to_the_ceiling_is_seen(void)
{
	struct ceiling c = { .life = LIFE,
		.boot = "boot-1",
		.state = "closed",
		.number = 123456789,
		.time = 98765 },
		       got;
	char text[VAULT_CEILING_MAX], bad[VAULT_CEILING_MAX];
	size_t len = ceiling_print(&c, text);
	int rc;

	CU_ASSERT_EQUAL(ceiling_parse((struct slice){ text, len }, &got), 0);
	CU_ASSERT_EQUAL(got.number, 123456789);
	CU_ASSERT_EQUAL(got.time, 98765);
	CU_ASSERT_STRING_EQUAL(got.state, "closed");
	for (size_t i = 0; i < len * 8; i++) {
		memcpy(bad, text, len);
		bad[i / 8] ^= (char)(1 << i % 8);
		rc = ceiling_parse((struct slice){ bad, len }, &got);
		CU_ASSERT(rc == -EINVAL || rc == -ENOTSUP);
		CU_ASSERT(rc == -EINVAL || i / 8 == strlen("vcrp-ceiling "));
	}
	for (size_t i = 0; i < len; i++)
		CU_ASSERT_EQUAL(
		    ceiling_parse((struct slice){ text, i }, &got), -EINVAL);
	memcpy(text + len, "x", 1);
	CU_ASSERT_EQUAL(
	    ceiling_parse((struct slice){ text, len + 1 }, &got), -EINVAL);
}

static void
refuses_what_a_later_version_wrote(void)
{
	const char *text = "vcrp-ceiling 2 something=else\n";

	begin();
	fill("ceiling", text, strlen(text));
	CU_ASSERT_PTR_NULL(vault_open(config, data, "", why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "later version"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "ceiling"));
	text = "vcrp-ceiling 1 something=else\n";
	make_room("lobby");
	fill("ceiling", text, strlen(text));
	is_copy("", 0);
}

static void
clocks_may_jump(void)
{
	uint64_t wall = clock_wall_ms(), ahead = (wall + YEAR) * 1024;
	struct vault *v;

	/* The clock was a year ahead, and is right again. */
	leave("closed", "boot-1", ahead, wall + YEAR);
	v = open_as(LIFE);
	is_ahead(v, ahead);
	CU_ASSERT_EQUAL(v->begun, wall + YEAR);
	vault_close(&v);
	CU_ASSERT(now().number > ahead);
	CU_ASSERT(now().time >= wall + YEAR);
	/* It was a year behind. */
	leave("closed", "boot-1", (wall - YEAR) * 1024, wall - YEAR);
	v = open_as(LIFE);
	CU_ASSERT(v->floor >= wall * 1024);
	CU_ASSERT(v->begun >= wall);
	/* It jumps while the server runs. */
	CU_ASSERT_EQUAL(vault_raise(v, wall + YEAR), 0);
	CU_ASSERT(v->ceiling >= ahead + STEP / 2);
	ahead = v->ceiling;
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT_EQUAL(v->ceiling, ahead);
	CU_ASSERT(now().time >= wall + YEAR);
	vault_close(&v);
}

static void
the_ceiling_is_raised_in_time(void)
{
	uint64_t wall = clock_wall_ms(), old;
	struct vault *v;

	begin();
	v = open_as("");
	old = v->ceiling;
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT_EQUAL(v->ceiling, old);
	vault_note(v, v->floor + STEP / 2 + 1, 0);
	faulty_set("any:ENOSPC:path=ceiling");
	CU_ASSERT_EQUAL(vault_raise(v, wall), -ENOSPC);
	CU_ASSERT_EQUAL(v->ceiling, old);
	CU_ASSERT_EQUAL(v->counters.failures, 1);
	CU_ASSERT_EQUAL(now().number, old);
	faulty_set(NULL);
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT(v->ceiling >= old + STEP / 2);
	CU_ASSERT_EQUAL(now().number, v->ceiling);
	/* Its time is never near that of an event. */
	vault_note(v, 0, now().time - 1000);
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT(now().time >= v->time + 5000);
	vault_close(&v);
}

static void
cannot_begin_without_a_ceiling_on_disk(void)
{
	static const char *const calls[] = { "write", "sync", "rename" };
	char rule[64];

	for (unsigned i = 0; i < 3; i++) {
		begin();
		snprintf(rule, sizeof(rule), "%s:EIO", calls[i]);
		faulty_set(rule);
		CU_ASSERT_PTR_NULL(
		    vault_open(config, data, "", why, sizeof(why)));
		CU_ASSERT_PTR_NOT_NULL(strstr(why, "Input/output error"));
		faulty_set(NULL);
	}
	faulty_set("mkdir:EROFS");
	begin();
	CU_ASSERT_PTR_NULL(vault_open(config, data, "", why, sizeof(why)));
	faulty_set(NULL);
	CU_ASSERT_PTR_NULL(
	    vault_open(config, "not-there", "", why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "not-there"));
}

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

static void
note_found(const char *dir, struct slice name, uint64_t last, void *arg)
{
	size_t len = strlen(found);

	(void)arg;
	snprintf(found + len, sizeof(found) - len, "%s=%.*s:%llu;", dir,
	    (int)name.len, name.at, (unsigned long long)last);
}

#define FOUND(text) CU_ASSERT_PTR_NOT_NULL(strstr(found, text))

static void
fill_room(const char *file, const char *text)
{
	char path[300];

	snprintf(path, sizeof(path), "rooms/%s", file);
	fill(path, text, strlen(text));
}

static void
finds_the_rooms_by_their_newest_lines(void)
{
	static const char *const dirs[] = { "lobby", "caf%C3%A9", "torn",
		"older", "gap", "empty", "attrs", "lost+found" };
	char big[20000] = "";
	struct vault *v;

	leave("closed", "boot-1", 1000, 1000);
	for (unsigned i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_room(dirs[i]);
	fill_room("lobby/0000000000000005.log", "MSG lobby 5 1 ~a x\n");
	fill_room("lobby/0000000000000009.log",
	    "MSG lobby 9 1 ~a x\nMSG LobbY 10 1 ~a x y\n");
	fill_room("lobby/0000000000000009.sum", "0123456789abcdef");
	fill_room("caf%C3%A9/0000000000000007.log", "MSG caf\xc3\xa9 7 1 ~a\n");
	for (int i = 0; i < 400; i++)
		snprintf(big + strlen(big), sizeof(big) - strlen(big),
		    "MSG Torn %d 1 ~alice something said here\n", 100 + i);
	strcat(big, "MSG Tor");
	fill_room("torn/0000000000000100.log", big);
	fill_room("older/0000000000000003.log", "MSG Older 3 1 ~a x\n");
	fill_room("older/0000000000000004.log", "MSG Older");
	fill_room(
	    "gap/0000000000000001.log", "MSG Gap 1 1 ~a x\nGAP Gap 2 90\n");
	fill_room("attrs/0000000000000001.log", "@a=b;+c=d MSG At 1 1 ~a x\n");
	fill_room("file", "not a directory");
	v = open_as(LIFE);
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
	CU_ASSERT_EQUAL(v->bytes,
	    7 * 4096 + 19 + 41 + 16 + strlen(big) + 19 + 9 + 30 + 26 + 17);
	vault_close(&v);
}

static void
a_copy_goes_on_above_its_rooms(void)
{
	uint64_t ahead = (clock_wall_ms() + YEAR) * 1024;
	char line[128];
	struct vault *v;

	/* The clock was a year ahead when that was said. */
	leave("backup", "backup", 1000, 1000);
	snprintf(line, sizeof(line), "MSG lobby %llu 77 ~a x\n",
	    (unsigned long long)ahead);
	fill_room("lobby/0000000000000001.log", line);
	v = open_as(LIFE);
	CU_ASSERT(v->floor < ahead);
	vault_each(v, note_found, NULL);
	CU_ASSERT_EQUAL(v->floor, ahead + COPY);
	CU_ASSERT(v->high >= v->floor);
	CU_ASSERT(v->ceiling > v->floor);
	CU_ASSERT_EQUAL(now().number, v->ceiling);
	vault_close(&v);
	/* What is trusted goes on where it is. */
	leave("closed", "boot-1", 1000, 1000);
	fill_room("lobby/0000000000000001.log", line);
	v = open_as(LIFE);
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

	leave("closed", "boot-1", 1000, 1000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "room-%d", i);
		make_room(name);
		snprintf(line, sizeof(line), "MSG room-%d 1 1 ~a x\n", i);
		snprintf(name, sizeof(name), "room-%d/%016d.log", i, 1);
		fill_room(name, line);
	}
	v = open_as(LIFE);
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

	leave("closed", "boot-1", 1000, 1000);
	make_room("b");
	fill_room("lobby/0000000000000005.log", "MSG lobby 5 1 ~a x\n");
	fill_room("b/0000000000000005.log", "MSG b 5 1 ~a x\n");
	v = open_as(LIFE);
	faulty_set("list:EACCES:path=rooms/b,read:EIO:path=lobby");
	found[0] = '\0';
	vault_each(v, note_found, NULL);
	faulty_set(NULL);
	FOUND("lobby=:0;");
	FOUND("b=:0;");
	vault_close(&v);
}

static int
start(void)
{
	snprintf(data, sizeof(data), "vault-XXXXXX");
	config = config_new();
	faulty_boot("boot-1");
	return mkdtemp(data) == NULL;
}

static int
finish(void)
{
	char command[64];

	config_free(&config);
	snprintf(command, sizeof(command), "rm -rf '%s'", data);
	return system(command);
}

static CU_TestInfo tests[] = { { "begins in an empty directory",
				   begins_in_an_empty_directory },
	{ "is for one server", is_for_one_server },
	{ "goes on after an orderly stop", goes_on_after_an_orderly_stop },
	{ "trusts what a kill left", trusts_what_a_kill_left },
	{ "trusts nothing after another boot",
	    trusts_nothing_after_another_boot },
	{ "doubt stays", doubt_stays },
	{ "a failed sync is a doubt", a_failed_sync_is_a_doubt },
	{ "goes far up in a copy", goes_far_up_in_a_copy },
	{ "without a ceiling rooms are a copy",
	    without_a_ceiling_rooms_are_a_copy },
	{ "any damage to the ceiling is seen",
	    any_damage_to_the_ceiling_is_seen },
	{ "refuses what a later version wrote",
	    refuses_what_a_later_version_wrote },
	{ "clocks may jump", clocks_may_jump },
	{ "the ceiling is raised in time", the_ceiling_is_raised_in_time },
	{ "cannot begin without a ceiling on disk",
	    cannot_begin_without_a_ceiling_on_disk },
	{ "directories are named after rooms",
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

static CU_SuiteInfo suites[] = { { "vault", start, finish, NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
