/* crc32c.h -- CRC-32C (Castagnoli), RFC 3720 section 12.1
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of more bytes behind those that gave crc; 0 at the beginning. */
uint32_t crc32c(uint32_t crc, const void *, size_t len);
/* The same without the processor's own instruction. */
uint32_t crc32c_plain(uint32_t crc, const void *, size_t len);

#endif
