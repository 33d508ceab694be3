/* verify.c -- vcrpctl verify DIR: is that a whole backup?
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "account/manifest.h"
#include "client/ctl.h"

struct verifying {
	const struct client *client;
	const char          *directory;
};

static void
on_fault(const char *path, const char *what, void *arg)
{
	const struct verifying *v = arg;

	client_warn(v->client, "%s/%s: %s", v->directory, path, what);
}

enum status
ctl_verify(const struct client *client, const char *directory)
{
	struct verifying v = { client, directory };
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct manifest_totals totals;
	struct manifest m;
	unsigned faults;

	if (dir < 0 || sodium_init() < 0) {
		client_warn(client, "%s: %s", directory, strerror(errno));
		return STATUS_REFUSED;
	}
	faults = manifest_read(dir, &m, on_fault, &v);
	if (faults == 0) {
		faults = manifest_verify(dir, &m, &totals, on_fault, &v);
		if (faults == 0) {
			printf("%" PRIu64 " files, %" PRIu64 " bytes, made by ",
			    totals.files, totals.bytes);
			client_print(m.label);
			puts(": good");
		}
		manifest_free(&m);
	}
	close(dir);
	return faults == 0 ? STATUS_DONE : STATUS_REFUSED;
}
