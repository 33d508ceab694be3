/* crc32c.c -- CRC-32C (Castagnoli), RFC 3720 section 12.1
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/crc32c.h"

/* What four bits at the low end do to the rest. */
static const uint32_t nibbles[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede,
	0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78,
	0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a,
	0xf36e6f75 };

uint32_t
crc32c_plain(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *at = data;

	crc = ~crc;
	for (; len > 0; len--) {
		crc ^= *at++;
		crc = crc >> 4 ^ nibbles[crc & 15];
		crc = crc >> 4 ^ nibbles[crc & 15];
	}
	return ~crc;
}

#ifdef __x86_64__

__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const unsigned char *at, size_t len)
{
	uint64_t sum = ~crc, eight;

	for (; len >= sizeof(eight); len -= sizeof(eight)) {
		memcpy(&eight, at, sizeof(eight));
		sum = __builtin_ia32_crc32di(sum, eight);
		at += sizeof(eight);
	}
	for (; len > 0; len--)
		sum = __builtin_ia32_crc32qi((uint32_t)sum, *at++);
	return ~(uint32_t)sum;
}

uint32_t
crc32c(uint32_t crc, const void *data, size_t len)
{
	return __builtin_cpu_supports("sse4.2") ? by_instruction(crc, data, len)
						: crc32c_plain(crc, data, len);
}

#else

uint32_t
crc32c(uint32_t crc, const void *data, size_t len)
{
	return crc32c_plain(crc, data, len);
}

#endif
