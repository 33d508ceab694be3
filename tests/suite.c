/* suite.c -- runs a table of CUnit suites as one test program
 *
 * SPDX-License-Identifier: MIT */
#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

int
suite_run(CU_SuiteInfo *suites)
{
	bool good;

	/* A test that dies must not take the lines of those before with it. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (CU_initialize_registry() != CUE_SUCCESS ||
	    CU_register_suites(suites) != CUE_SUCCESS) {
		fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
		return EXIT_FAILURE;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	good = CU_basic_run_tests() == CUE_SUCCESS &&
	    CU_get_number_of_tests_run() > 0 &&
	    CU_get_number_of_failures() == 0;
	printf("\n%u tests, %u assertions, %u failed\n",
	    CU_get_number_of_tests_run(), CU_get_number_of_asserts(),
	    CU_get_number_of_failures());
	CU_cleanup_registry();
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
