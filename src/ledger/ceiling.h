/* ceiling.h -- the one line of DATA/ceiling
 *
 * SPDX-License-Identifier: MIT
 *
 *     vcrp-ceiling 1 life=L boot=B state=S number=N doubt=D time=T crc=C
 *
 * L: 32 hexadecimal digits; B: the system's boot id, or "backup"; S: open,
 * closed or backup; N, D and T in decimal; C: the CRC-32C, in 8 hexadecimal
 * digits, of all that is before "crc=".
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  the caller's. */
#ifndef LEDGER_CEILING_H
#define LEDGER_CEILING_H

#include "ledger/vault.h"

struct ceiling {
	char life[LIFE_BYTES + 1];
	char boot[40];
	char state[7];
	uint64_t number;
	uint64_t doubt;
	uint64_t time; /* ms since 1970 */
};

/* The line with its LF; its length. */
size_t ceiling_print(const struct ceiling *, char text_r[VAULT_CEILING_MAX]);
/* 0; -EINVAL: it is damaged; -ENOTSUP: it is of a later version. */
int ceiling_parse(struct slice, struct ceiling *);

#endif
