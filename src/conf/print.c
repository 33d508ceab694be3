/* print.c -- prints the example configuration, or the manual of the options
 *
 * SPDX-License-Identifier: MIT
 *
 * A tool of the build: config/vcrpd.conf and doc/man/vcrpd.conf.5 are its
 * output, and the tests hold them to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "example") == 0) {
		config_print_example(stdout);
	} else if (argc == 2 && strcmp(argv[1], "man") == 0) {
		config_print_man(stdout);
	} else {
		fprintf(stderr, "usage: build-conf example|man\n");
		return EXIT_FAILURE;
	}
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
