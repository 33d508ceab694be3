/* schema.h -- what is in the database, and what is asked of it
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  constants. */
#ifndef ACCOUNT_SCHEMA_H
#define ACCOUNT_SCHEMA_H

#include "account/database.h"

/* Each brings a database on by one version. None is ever changed: what is to
 * be different is a further one. */
extern const char *const schema_steps[];
/* The version that all of them make. */
extern const int schema_newest;
extern const char *const schema_statements[STATEMENT_COUNT];

#endif
