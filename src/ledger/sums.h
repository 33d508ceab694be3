/* sums.h -- the sums of a log segment, by block
 *
 * SPDX-License-Identifier: MIT
 *
 * Beside FIRST.log is FIRST.sum: for each block of SUM_BLOCK bytes an entry of
 * 16 bytes of text, "XXXXXXXX NNNNNN\n": the CRC-32C of the first N bytes of
 * the block, in hexadecimal, and N in decimal, less than SUM_BLOCK only for the
 * last one while the segment grows. An entry that is not there, or not of
 * this form, says nothing. Entries are written behind a sync of the bytes
 * they are about (but with fsync = never), so that a mismatch is damage. While
 * a block is being erased its entry says nothing, on the disk too.
 *
 * Threads: any for reading; the keeper writes, and whoever loads or closes
 *          the ledger while the keeper has nothing of it.
 * Locks:   none.
 * Memory:  none. */
#ifndef LEDGER_SUMS_H
#define LEDGER_SUMS_H

#include <stdbool.h>
#include <stdint.h>

enum { SUM_BLOCK = 65536, SUM_ENTRY = 16 };

struct sum {
	uint32_t crc;
	uint32_t len;
	bool     there;
};

/* Of the file that speaks of so many bytes. */
static inline uint64_t
sums_size(uint64_t bytes)
{
	return (bytes + SUM_BLOCK - 1) / SUM_BLOCK * SUM_ENTRY;
}

/* `count` entries from that of `block` on; those beyond the end are not
 * there. 0 or -errno. */
int sums_read(int fd, uint64_t block, unsigned count, struct sum *sums_r);
/* One that is not there is written as an entry that says nothing. */
int sums_write(int fd, uint64_t block, unsigned count, const struct sum *);
/* What a block has that begins with these bytes. */
struct sum sum_of(const void *, uint32_t len);
/* Do these `len` bytes of a block, all there are of it, agree with its sum?
 * Yes if it is not there; no if there are fewer than it speaks of. */
bool sum_agrees(const struct sum *, const void *, uint32_t len);

#endif
