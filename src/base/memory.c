/* memory.c -- how much memory the program has, and may have
 *
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* A number in a file; UINT64_MAX if there is none, such as "max". */
static uint64_t
read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned long long n = 0;
	bool good;

	if (f == NULL)
		return UINT64_MAX;
	good = fscanf(f, "%llu", &n) == 1;
	fclose(f);
	return good ? n : UINT64_MAX;
}

/* The least of a group and all above it. */
static uint64_t
least(const char *root, char *group, const char *file)
{
	uint64_t limit = UINT64_MAX;

	for (;;) {
		char path[2 * PATH_MAX];
		char *slash = strrchr(group, '/');
		uint64_t n;

		snprintf(path, sizeof(path), "%s%s/%s", root,
		    strcmp(group, "/") == 0 ? "" : group, file);
		n = read_number(path);
		limit = n < limit ? n : limit;
		if (slash == NULL)
			return limit;
		*slash = '\0';
	}
}

/* "0::/system.slice/vcrpd.service" is version 2, "4:memory:/some/group" is
 * version 1. */
static uint64_t
group_limit(void)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	uint64_t limit = UINT64_MAX, n = UINT64_MAX;
	char line[PATH_MAX];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		char *kinds = strchr(line, ':');
		char *group = kinds == NULL ? NULL : strchr(kinds + 1, ':');

		if (group == NULL)
			continue;
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		if (kinds[1] == '\0')
			n = least("/sys/fs/cgroup", group, "memory.max");
		else if (strcmp(kinds, ":memory") == 0)
			n = least("/sys/fs/cgroup/memory", group,
			    "memory.limit_in_bytes");
		limit = n < limit ? n : limit;
	}
	if (f != NULL)
		fclose(f);
	return limit;
}

void
memory_open(struct memory *m)
{
	m->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	m->group = group_limit();
}

void
memory_close(struct memory *m)
{
	if (m->statm >= 0)
		close(m->statm);
	m->statm = -1;
}

uint64_t
memory_used(const struct memory *m)
{
	char text[128];
	ssize_t n = m->statm < 0 ? -1 :
	    pread(m->statm, text, sizeof(text) - 1, 0);
	char *resident;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	resident = strchr(text, ' ');
	return resident == NULL ? 0 : strtoull(resident, NULL, 10) *
	    (uint64_t)sysconf(_SC_PAGESIZE);
}

void
memory_give_back(void)
{
	(void)malloc_trim(0);
}
