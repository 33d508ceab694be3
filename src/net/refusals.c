/* refusals.c -- that a limit refuses, in the log
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/log.h"
#include "net/refusals.h"

void
refusals_tell(struct refusals *refusals, enum limiter limit,
    struct slice name, const struct peer *peer, uint64_t now)
{
	_Atomic uint64_t *said = &refusals->by[limit].said;
	_Atomic uint64_t *since = &refusals->by[limit].since;
	uint64_t last = atomic_load(said);
	char text[PEER_TEXT_MAX];

	atomic_fetch_add(since, 1);
	/* Another thread's clock may be ahead of this one's. */
	if (last != 0 && now < last + REFUSALS_PAUSE_MS)
		return;
	/* Of threads that come here together one tells, for all. */
	if (!atomic_compare_exchange_strong(said, &last, now))
		return;
	log_info("limit %s: %.*s%s%s, %" PRIu64 " since the last such line",
	    limit_name(limit), (int)name.len, name.len > 0 ? name.at : "",
	    name.len > 0 ? " " : "", peer_text(peer, text),
	    atomic_exchange(since, 0));
}
