/* load.c -- what a start finds of a ledger
 *
 * SPDX-License-Identifier: MIT */
#include "base/disk.h"
#include "ledger/listing.h"

uint64_t
ledger_load(struct ledger *l)
{
	struct listing listing;
	int rc;

	l->loaded = true;
	rc = listing_init(&listing, l->vault, l->dir);
	listing_fini(&listing);
	l->usable = true;
	l->made = rc == 0;
	return 0;
}
