/* faulty_rules.h -- which call fails: the rules of faulty.h
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   one mutex, inside.
 * Memory:  static. */
#ifndef TESTS_FAULTY_RULES_H
#define TESTS_FAULTY_RULES_H

#include <stdbool.h>
#include <stddef.h>

enum call {
	CALL_OPEN,
	CALL_READ,
	CALL_WRITE,
	CALL_SYNC,
	CALL_TRUNCATE,
	CALL_MKDIR,
	CALL_RENAME,
	CALL_UNLINK,
	CALL_LIST,
	CALL_SIZE,
	CALL_KINDS
};

/* Counts one; 0 or the -errno with which it fails. *short_r, if not NULL: how
 * many bytes are written before that. */
int rules_fail(enum call, const char *path, size_t *short_r);
/* How much of len there is space for, which is taken. */
size_t rules_space(size_t len);
/* NULL: the system's own. */
const char *rules_boot(void);
bool rules_dead(void);

#endif
