/* address.c -- where peers come from, and how many from each place
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/address.h"

enum { ARRIVALS_AT_ONCE = 20, FORGOTTEN_AT_ONCE = 4 };

struct address {
	struct table_node node;		/* (l) */
	struct link       gone;		/* (l) */
	struct rate       rates[ADDRESS_RATES]; /* (a) */
	unsigned          count;	/* (l) */
	unsigned char     place[16];	/* (c) */
};

static struct slice
key_of(const struct table_node *n)
{
	const struct address *a =
	    table_entry(n, const struct address, node);

	return (struct slice){ (const char *)a->place, sizeof(a->place) };
}

void
addresses_init(struct addresses *a)
{
	lock_init(&a->lock, LOCK_ADDRESSES);
	table_init(&a->table, key_of);
	list_init(&a->gone);
	a->gone_count = 0;
}

static void
forget(struct addresses *all, struct address *a)
{
	list_remove(&a->gone);
	all->gone_count--;
	table_remove(&all->table, &a->node);
	free(a);
}

void
addresses_fini(struct addresses *a)
{
	while (!list_empty(&a->gone))
		forget(a, list_entry(a->gone.next, struct address, gone));
	table_fini(&a->table);
	lock_fini(&a->lock);
}

void
peer_place(const struct peer *p, unsigned char place[16])
{
	memcpy(place, &p->ip, 16);
	if (!IN6_IS_ADDR_V4MAPPED(&p->ip))
		memset(place + 8, 0, 8);
}

static bool
is_over(const struct address *a, uint64_t now)
{
	for (int i = 0; i < ADDRESS_RATES; i++)
		if (rate_full_at(&a->rates[i]) > now)
			return false;
	return true;
}

/* Those about whom there is nothing left to be known, a few at a time. */
static void
forget_some(struct addresses *all, uint64_t now)
{
	for (int i = 0; i < FORGOTTEN_AT_ONCE && !list_empty(&all->gone);
	    i++) {
		struct address *a =
		    list_entry(all->gone.next, struct address, gone);

		if (all->gone_count <= ADDRESSES_GONE && !is_over(a, now))
			break;
		forget(all, a);
	}
}

static struct address *
find(struct addresses *all, const struct peer *p)
{
	unsigned char place[16];
	struct table_node *n;
	struct address *a;

	peer_place(p, place);
	n = table_find(&all->table,
	    (struct slice){ (const char *)place, sizeof(place) });
	if (n != NULL)
		return table_entry(n, struct address, node);
	a = xcalloc(1, sizeof(*a));
	memcpy(a->place, place, sizeof(place));
	table_add(&all->table, &a->node);
	list_append(&all->gone, &a->gone);
	all->gone_count++;
	return a;
}

struct address *
addresses_enter(struct addresses *all, const struct peer *p, unsigned most,
    unsigned arrivals, uint64_t now, uint64_t *wait_r)
{
	struct address *a;

	lock_take(&all->lock);
	forget_some(all, now);
	a = find(all, p);
	*wait_r = arrivals == 0 ? 0 : rate_take(&a->rates[ADDRESS_ARRIVALS],
	    now, 60000000 / arrivals, ARRIVALS_AT_ONCE, 1);
	if (*wait_r > 0 || (most > 0 && a->count >= most)) {
		a = NULL;
	} else if (a->count++ == 0) {
		list_remove(&a->gone);
		all->gone_count--;
	}
	lock_drop(&all->lock);
	return a;
}

void
addresses_leave(struct addresses *all, struct address **at, uint64_t now)
{
	struct address *a = *at;

	*at = NULL;
	if (a == NULL)
		return;
	lock_take(&all->lock);
	if (--a->count == 0) {
		list_append(&all->gone, &a->gone);
		all->gone_count++;
	}
	forget_some(all, now);
	lock_drop(&all->lock);
}

struct rate *
address_rate(struct address *a, enum address_rate which)
{
	return &a->rates[which];
}

void
peer_set(struct peer *p, const struct sockaddr_storage *from)
{
	memset(p, 0, sizeof(*p));
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in =
		    (const struct sockaddr_in *)from;

		p->ip.s6_addr[10] = p->ip.s6_addr[11] = 0xff;
		memcpy(&p->ip.s6_addr[12], &in->sin_addr, 4);
		p->port = ntohs(in->sin_port);
	} else if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 =
		    (const struct sockaddr_in6 *)from;

		p->ip = in6->sin6_addr;
		p->port = ntohs(in6->sin6_port);
	} else {
		p->local = true;
	}
}

bool
peer_is_loopback(const struct peer *p)
{
	if (p->proxied)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&p->ip))
		return p->ip.s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(&p->ip);
}

char *
peer_ip(const struct peer *p, char text[PEER_TEXT_MAX])
{
	if (p->local)
		snprintf(text, PEER_TEXT_MAX, "local");
	else if (IN6_IS_ADDR_V4MAPPED(&p->ip))
		inet_ntop(AF_INET, &p->ip.s6_addr[12], text, PEER_TEXT_MAX);
	else
		inet_ntop(AF_INET6, &p->ip, text, PEER_TEXT_MAX);
	return text;
}

char *
peer_text(const struct peer *p, char text[PEER_TEXT_MAX])
{
	char ip[PEER_TEXT_MAX];

	peer_ip(p, ip);
	if (p->local)
		return strcpy(text, ip);
	snprintf(text, PEER_TEXT_MAX, strchr(ip, ':') != NULL ? "[%.45s]:%u" :
	    "%.45s:%u", ip, p->port);
	return text;
}
