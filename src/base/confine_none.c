/* confine_none.c -- files, network and memory stay in reach
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/confine.h"

void
confine_memory(void)
{
}

int
confine_files(const struct confine_path *paths, size_t count, int abstract)
{
	(void)paths;
	(void)count;
	(void)abstract;
	return -ENOTSUP;
}
