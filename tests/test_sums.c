/* test_sums.c -- entries of sums, as they stand in a file
 *
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"
#include "ledger/sums.h"
#include "suite.h"

enum { MANY = 200 };

static int
fresh(void)
{
	char name[] = "sums-XXXXXX";
	int fd = mkstemp(name);

	CU_ASSERT_FATAL(fd >= 0);
	unlink(name);
	return fd;
}

static void
stand_as_text(void)
{
	struct sum sums[2] = { sum_of("123456789", 9), { .there = false } };
	char text[3 * SUM_ENTRY + 1] = "";
	int fd = fresh();

	CU_ASSERT_EQUAL(sums_write(fd, 1, 2, sums), 0);
	CU_ASSERT_EQUAL(disk_read(fd, text, sizeof(text), 0), 3 * SUM_ENTRY);
	CU_ASSERT_EQUAL(
	    memcmp(text + SUM_ENTRY, "e3069283 000009\n", SUM_ENTRY), 0);
	CU_ASSERT_EQUAL(sums_read(fd, 2, 1, sums), 0);
	CU_ASSERT_FALSE(sums[0].there);
	disk_close(fd);
}

static void
come_back_as_written(void)
{
	static struct sum in[MANY], out[MANY + 10];
	int fd = fresh();

	for (unsigned i = 0; i < MANY; i++)
		in[i] = (struct sum){ i * 2654435761u, i == 7 ? 0 : 1 + i * 300,
			i != 7 };
	in[MANY - 1].len = SUM_BLOCK;
	in[7].crc = 0;
	CU_ASSERT_EQUAL(sums_write(fd, 0, MANY, in), 0);
	CU_ASSERT_EQUAL(disk_size(fd), MANY * SUM_ENTRY);
	CU_ASSERT_EQUAL(sums_read(fd, 0, MANY + 10, out), 0);
	for (unsigned i = 0; i < MANY; i++) {
		CU_ASSERT_EQUAL(out[i].there, in[i].there);
		CU_ASSERT_EQUAL(out[i].crc, in[i].crc);
		CU_ASSERT_EQUAL(out[i].len, in[i].len);
	}
	for (unsigned i = MANY; i < MANY + 10; i++)
		CU_ASSERT_FALSE(out[i].there);
	CU_ASSERT_EQUAL(sums_read(fd, 150, 1, out), 0);
	CU_ASSERT_EQUAL(out[0].crc, in[150].crc);
	disk_close(fd);
	CU_ASSERT(sums_read(-1, 0, 1, out) < 0);
}

static void
what_is_no_entry_says_nothing(void)
{
	static const char *const texts[] = { "e3069283 000009", "",
		"E3069283 000009\n", "e306928 0000009\n", "e3069283_000009\n",
		"e3069283 000009 ", "e3069283 00000a\n", "e3069283 000000\n",
		"e3069283 065537\n", "e3069283 999999\n" };
	struct sum sum;
	int fd;

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fd = fresh();
		disk_write(fd, texts[i], strlen(texts[i]), 0);
		CU_ASSERT_EQUAL(sums_read(fd, 0, 1, &sum), 0);
		CU_ASSERT_FALSE(sum.there);
		disk_close(fd);
	}
}

static void
agree_with_what_they_are_of(void)
{
	struct sum s = sum_of("123456789", 9), none = { .there = false };

	CU_ASSERT(sum_agrees(&s, "123456789", 9));
	CU_ASSERT(sum_agrees(&s, "123456789 and more", 18));
	CU_ASSERT_FALSE(sum_agrees(&s, "12345678", 8));
	CU_ASSERT_FALSE(sum_agrees(&s, "123456788", 9));
	CU_ASSERT(sum_agrees(&none, "123456788", 9));
}

static CU_TestInfo tests[] = { { "stand as text", stand_as_text },
	{ "come back as written", come_back_as_written },
	{ "what is no entry says nothing", what_is_no_entry_says_nothing },
	{ "agree with what they are of", agree_with_what_they_are_of },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "sums", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
