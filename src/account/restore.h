/* restore.h -- a data directory, made from a backup
 *
 * SPDX-License-Identifier: MIT
 *
 * The backup is verified first, and each file again while it is copied. A
 * server that starts on what was made goes on above every number that the
 * original may have given (ledger/vault.h).
 *
 * Threads: main, and no other yet.
 * Locks:   none.
 * Memory:  none is kept. */
#ifndef ACCOUNT_RESTORE_H
#define ACCOUNT_RESTORE_H

#include <stdbool.h>

/* Makes `data`, which must not be there or be empty, from the backup `from`.
 * Says on stdout what it did, on stderr what is wrong; then nothing is left of
 * it. */
bool restore(const char *from, const char *data);

#endif
