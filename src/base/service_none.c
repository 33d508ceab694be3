/* service_none.c -- nobody is told how we are
 *
 * SPDX-License-Identifier: MIT */
#include "base/service.h"

int
service_sockets(int *first)
{
	*first = -1;
	return 0;
}

void
service_ready(void)
{
}

void
service_reloading(void)
{
}

void
service_stopping(void)
{
}
