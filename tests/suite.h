/* suite.h -- runs a table of CUnit suites as one test program
 *
 * SPDX-License-Identifier: MIT
 *
 * A test file reads: helpers, tests as functions, a CU_TestInfo table whose
 * names are sentences, a CU_SuiteInfo table, and `return suite_run(suites);`.
 *
 * Threads: call from main() alone.
 * Locks:   none.
 * Memory:  the table stays the caller's. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <CUnit/CUnit.h>

/* Runs every test of `suites` (ends with CU_SUITE_INFO_NULL), prints each with
 * its outcome and CUnit's totals on stdout, and returns what main() returns:
 * 0 only if at least one test ran and none failed. */
int suite_run(CU_SuiteInfo *suites);

#endif
