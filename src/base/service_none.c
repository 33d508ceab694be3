/* service_none.c -- nobody is told how we are
 *
 * SPDX-License-Identifier: MIT */
#include "base/service.h"

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
