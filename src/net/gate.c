/* gate.c -- which connections are let in
 *
 * SPDX-License-Identifier: MIT */
#include "net/gate.h"
#include "room/request.h"

uint64_t
gate_waiting_max(const struct net *net)
{
	uint64_t set =
	    (uint64_t)config_get(&net->config->limits_unauthenticated);

	return set > 0 ? set : net->descriptors / 10 + 1;
}

static bool
refuse(struct refusal *r, enum limiter limit, const char *why)
{
	*r = (struct refusal){ .limit = limit, .why = why };
	return false;
}

bool
gate_open(const struct net *net, uint64_t waiting, bool full,
    struct refusal *r)
{
	if (full)
		return refuse(r, LIMIT_MEMORY,
		    "the server is short of memory; try again");
	if (atomic_load(&net->connections) >= net_connections_max(net))
		return refuse(r, LIMIT_CONNECTIONS,
		    "the server has as many connections as it may have");
	if (waiting >= gate_waiting_max(net))
		return refuse(r, LIMIT_UNAUTHENTICATED,
		    "too many have not logged in yet; try again");
	return true;
}

static bool
is_exempt(const struct net *net, const struct peer *p)
{
	return p->local || (peer_is_loopback(p) &&
	    config_get(&net->config->limits_loopback_trusted));
}

static bool
count(struct net *net, const struct peer *p, uint64_t now,
    struct address **address_r, struct refusal *r)
{
	const struct config *c = net->config;
	uint64_t wait;

	*address_r = addresses_enter(&net->addresses, p,
	    (unsigned)config_get(&c->limits_address),
	    (unsigned)config_get(&c->limits_arrivals), now * 1000, &wait);
	if (*address_r != NULL)
		return true;
	if (wait == 0)
		return refuse(r, LIMIT_ADDRESS,
		    "too many connections from your address");
	refuse(r, LIMIT_ARRIVALS, "your address connects too often");
	r->wait = wait;
	return false;
}

bool
gate_address(struct net *net, const struct peer *p, bool own, uint64_t now,
    struct address **address_r, struct refusal *r)
{
	struct blob *reason;

	*address_r = NULL;
	if (!p->local && bans_has(&net->bans, &p->ip, now, &reason)) {
		refuse(r, LIMIT_BANS, NULL);
		r->reason = reason;
		return false;
	}
	return own || is_exempt(net, p) || count(net, p, now, address_r, r);
}

bool
gate_is_proxy(const struct net *net, const struct peer *p)
{
	for (unsigned i = 0; i < net->proxy_count && !p->local; i++)
		if (network_has(&net->proxies[i], &p->ip))
			return true;
	return false;
}

void
gate_refusal(struct refusal *r, struct blob **line)
{
	struct slice none = { 0 }, said = slice_of("from this server");

	if (r->why != NULL) {
		reply_error(line, none, ERROR_TOO_MANY, r->wait,
		    limit_name(r->limit), r->why);
		return;
	}
	if (r->reason != NULL)
		said = (struct slice){ r->reason->data, r->reason->len };
	blob_printf(line, "ERR banned %.*s\n", (int)said.len, said.at);
	blob_unref(&r->reason);
}
