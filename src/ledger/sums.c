/* sums.c -- the sums of a log segment, by block
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/disk.h"
#include "ledger/sums.h"

enum { CRC_DIGITS = 8, LEN_DIGITS = 6, AT_ONCE = 64 };

/* `count` digits; false if there is another character. */
static bool
digits_parse(const char *at, unsigned count, unsigned base, uint32_t *n_r)
{
	static const char digits[] = "0123456789abcdef";
	const char *found;

	*n_r = 0;
	for (; count > 0; count--, at++) {
		found = memchr(digits, *at, base);
		if (found == NULL)
			return false;
		*n_r = *n_r * base + (uint32_t)(found - digits);
	}
	return true;
}

static struct sum
entry_parse(const char *at)
{
	struct sum s = { 0 };

	s.there = digits_parse(at, CRC_DIGITS, 16, &s.crc) &&
	    at[CRC_DIGITS] == ' ' &&
	    digits_parse(at + CRC_DIGITS + 1, LEN_DIGITS, 10, &s.len) &&
	    at[SUM_ENTRY - 1] == '\n' && s.len > 0 && s.len <= SUM_BLOCK;
	return s.there ? s : (struct sum){ 0 };
}

/* With a NUL behind it. */
static void
entry_print(char *at, const struct sum *s)
{
	if (s->there)
		snprintf(at, SUM_ENTRY + 1, "%08" PRIx32 " %06" PRIu32 "\n",
		    s->crc, s->len % 1000000);
	else
		snprintf(at, SUM_ENTRY + 1, "-------- ------\n");
}

int
sums_read(int fd, uint64_t block, unsigned count, struct sum *sums_r)
{
	char text[AT_ONCE * SUM_ENTRY];
	unsigned i, some;
	ssize_t got;

	for (; count > 0; count -= some, block += some, sums_r += some) {
		some = count < AT_ONCE ? count : AT_ONCE;
		got = disk_read(fd, text, some * SUM_ENTRY, block * SUM_ENTRY);
		if (got < 0)
			return (int)got;
		memset(text + got, 0, sizeof(text) - (size_t)got);
		for (i = 0; i < some; i++)
			sums_r[i] = entry_parse(text + i * SUM_ENTRY);
	}
	return 0;
}

int
sums_write(int fd, uint64_t block, unsigned count, const struct sum *sums)
{
	char text[AT_ONCE * SUM_ENTRY + 1];
	unsigned i, some;
	int rc = 0;

	for (; rc == 0 && count > 0; count -= some, block += some) {
		some = count < AT_ONCE ? count : AT_ONCE;
		for (i = 0; i < some; i++, sums++)
			entry_print(text + i * SUM_ENTRY, sums);
		rc = disk_write(fd, text, some * SUM_ENTRY, block * SUM_ENTRY);
	}
	return rc;
}

struct sum
sum_of(const void *data, uint32_t len)
{
	return (struct sum){ crc32c(0, data, len), len, true };
}

bool
sum_agrees(const struct sum *s, const void *data, uint32_t len)
{
	return !s->there ||
	    (s->len <= len && crc32c(0, data, s->len) == s->crc);
}
