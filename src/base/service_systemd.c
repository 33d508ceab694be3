/* service_systemd.c -- tells systemd how we are
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/service.h"

int
service_sockets(int *first)
{
	*first = SD_LISTEN_FDS_START;
	return sd_listen_fds(1);
}

void
service_ready(void)
{
	sd_notify(0, "READY=1");
}

void
service_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_us());
}

void
service_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}
