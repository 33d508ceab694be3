/* power-cut.c -- what a lost power leaves of the files of vcrpd-faulty
 *
 * SPDX-License-Identifier: MIT
 *
 *     power-cut JOURNAL SEED
 *
 * The program that wrote the journal (VCRP_POWER, see faulty.h) is gone. The
 * same seed leaves the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faulty.h"

int
main(int argc, char **argv)
{
	int rc;

	if (argc != 3) {
		fprintf(stderr, "usage: power-cut JOURNAL SEED\n");
		return EXIT_FAILURE;
	}
	rc = faulty_cut(argv[1], strtoull(argv[2], NULL, 10));
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-rc));
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
