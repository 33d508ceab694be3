/* gate.c -- which connections are let in
 *
 * SPDX-License-Identifier: MIT */
#include "net/gate.h"

static uint64_t
waiting_max(const struct net *net)
{
	uint64_t set =
	    (uint64_t)config_get(&net->config->limits_unauthenticated);

	return set > 0 ? set : net->descriptors / 10 + 1;
}

static bool
count_address(struct net *net, const struct peer *p, struct address **at)
{
	unsigned most =
	    (unsigned)config_get(&net->config->limits_address);

	*at = NULL;
	if (p->local || most == 0 || (peer_is_loopback(p) &&
	    config_get(&net->config->limits_loopback_trusted)))
		return true;
	*at = addresses_enter(&net->addresses, p, most);
	return *at != NULL;
}

enum limiter
gate_check(struct net *net, const struct peer *peer, uint64_t waiting,
    struct address **address_r, const char **why_r)
{
	if (atomic_load(&net->connections) >= net_connections_max(net)) {
		*why_r = "the server has as many connections as it may have";
		return LIMIT_CONNECTIONS;
	}
	if (waiting >= waiting_max(net)) {
		*why_r = "too many have not logged in yet; try again";
		return LIMIT_UNAUTHENTICATED;
	}
	if (!count_address(net, peer, address_r)) {
		*why_r = "too many connections from your address";
		return LIMIT_ADDRESS;
	}
	return LIMIT_COUNT;
}
