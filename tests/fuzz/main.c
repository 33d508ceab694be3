/* main.c -- feeds files to a fuzz target without libFuzzer
 *
 * SPDX-License-Identifier: MIT
 *
 * Takes the command line that libFuzzer takes to replay, `-runs=0 DIR...`, so
 * tests/fuzz/replay.sh runs a target in the same way whatever it is linked
 * with. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static int
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *whole = malloc(INPUT_MAX), *exact = NULL;
	size_t size;
	int inputs = 0;

	if (!file || !whole)
		goto out;
	size = fread(whole, 1, INPUT_MAX, file);
	/* An exact allocation lets AddressSanitizer see the end. */
	exact = malloc(size ? size : 1);
	if (ferror(file) || !exact)
		goto out;
	memcpy(exact, whole, size);
	LLVMFuzzerTestOneInput(exact, size);
	inputs = 1;
out:
	if (!inputs)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	free(exact);
	free(whole);
	if (file)
		fclose(file);
	return inputs;
}

/* Returns how many inputs were fed, 0 for a directory with none; exits on
 * what cannot be read. */
static int
replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char *child;
	int inputs = 0;

	if (!dir)
		return replay_file(path);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&child, "%s/%s", path, entry->d_name) < 0)
			abort();
		if (!replay_file(child))
			exit(EXIT_FAILURE);
		free(child);
		inputs++;
	}
	closedir(dir);
	return inputs;
}

int
main(int argc, char **argv)
{
	int i, inputs, total = 0;

	for (i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			continue;
		inputs = replay(argv[i]);
		if (!inputs) {
			fprintf(stderr, "%s: no inputs\n", argv[i]);
			return EXIT_FAILURE;
		}
		total += inputs;
	}
	printf("%s: %d inputs\n", argv[0], total);
	return total ? EXIT_SUCCESS : EXIT_FAILURE;
}
