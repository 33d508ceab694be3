/* test_crc32c.c -- sums of bytes, in two ways
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/crc32c.h"
#include "suite.h"

static unsigned char bytes[5000];

static void
gives_what_the_standard_says(void)
{
	/* RFC 3720, B.4 */
	static const unsigned char read[48] = { 0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0,
		0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0,
		0, 0, 0, 0 };
	unsigned char some[32];

	memset(some, 0, sizeof(some));
	CU_ASSERT_EQUAL(crc32c(0, some, sizeof(some)), 0x8a9136aa);
	memset(some, 0xff, sizeof(some));
	CU_ASSERT_EQUAL(crc32c(0, some, sizeof(some)), 0x62a8ab43);
	for (unsigned i = 0; i < sizeof(some); i++)
		some[i] = (unsigned char)i;
	CU_ASSERT_EQUAL(crc32c(0, some, sizeof(some)), 0x46dd794e);
	for (unsigned i = 0; i < sizeof(some); i++)
		some[i] = (unsigned char)(31 - i);
	CU_ASSERT_EQUAL(crc32c(0, some, sizeof(some)), 0x113fdb5c);
	CU_ASSERT_EQUAL(crc32c(0, read, sizeof(read)), 0xd9963a56);
	CU_ASSERT_EQUAL(crc32c(0, "123456789", 9), 0xe3069283);
	CU_ASSERT_EQUAL(crc32c(0, "", 0), 0);
	CU_ASSERT_EQUAL(crc32c_plain(0, read, sizeof(read)), 0xd9963a56);
	CU_ASSERT_EQUAL(crc32c_plain(0, "123456789", 9), 0xe3069283);
}

static void
both_ways_agree(void)
{
	uint32_t crc = 1;

	for (unsigned i = 0; i < sizeof(bytes); i++) {
		crc = crc * 1664525 + 1013904223;
		bytes[i] = (unsigned char)(crc >> 24);
	}
	for (size_t at = 0; at < 9; at++)
		for (size_t len = 0; len < 300; len++)
			CU_ASSERT_EQUAL_FATAL(crc32c(crc, bytes + at, len),
			    crc32c_plain(crc, bytes + at, len));
	CU_ASSERT_EQUAL(crc32c(0, bytes, sizeof(bytes)),
	    crc32c_plain(0, bytes, sizeof(bytes)));
}

static void
goes_on_from_a_sum(void)
{
	uint32_t whole = crc32c(0, bytes, sizeof(bytes));

	for (size_t cut = 0; cut <= sizeof(bytes); cut += 7)
		CU_ASSERT_EQUAL(crc32c(crc32c(0, bytes, cut), bytes + cut,
				    sizeof(bytes) - cut),
		    whole);
}

static CU_TestInfo tests[] = { { "gives what the standard says",
				   gives_what_the_standard_says },
	{ "both ways agree", both_ways_agree },
	{ "goes on from a sum", goes_on_from_a_sum }, CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "crc32c", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
