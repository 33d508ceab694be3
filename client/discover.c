/* discover.c -- vcrp discover: which servers are near?
 *
 * SPDX-License-Identifier: MIT
 *
 * This host is asked, and every network that it is in, by broadcast and by
 * multicast. One socket for each kind of address is enough: the addresses say
 * by which network a datagram goes. Each round has a nonce of its own, so that
 * an answer tells how long it took. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client.h"
#include "client/json.h"
#include "client/question.h"
#include "wire/discovery.h"

enum {
	PORT = 3073,
	PATIENCE = 2000,
	ROUNDS = 2,
	TARGETS_MAX = 256,
	SERVERS_MAX = 1000,
	ADDRESSES_MAX = 8
};

struct target {
	struct sockaddr_storage to;
	struct in_addr          by;	/* of a multicast by IPv4: its way */
};

struct server {
	struct finding finding;
	int64_t        took;	/* µs */
	int            count;
	char           addresses[ADDRESSES_MAX][CLIENT_ADDRESS_SIZE];
};

struct search {
	struct client   *client;
	int              fds[2];	/* IPv4, IPv6; -1 for none */
	in_port_t        port;		/* in network order */
	int              target_count;
	struct target    targets[TARGETS_MAX];
	int              round;
	struct question  rounds[ROUNDS];
	int              server_count;
	struct server  **servers;
};

static void
add_four(struct search *search, struct in_addr to, struct in_addr by)
{
	struct target *target = &search->targets[search->target_count];
	struct sockaddr_in *at = (struct sockaddr_in *)&target->to;

	if (search->target_count == TARGETS_MAX)
		return;
	search->target_count++;
	at->sin_family = AF_INET;
	at->sin_port = search->port;
	at->sin_addr = to;
	target->by = by;
}

static void
add_six(struct search *search, const char *to, unsigned scope)
{
	struct target *target = &search->targets[search->target_count];
	struct sockaddr_in6 *at = (struct sockaddr_in6 *)&target->to;

	if (search->target_count == TARGETS_MAX)
		return;
	search->target_count++;
	at->sin6_family = AF_INET6;
	at->sin6_port = search->port;
	at->sin6_scope_id = scope;
	inet_pton(AF_INET6, to, &at->sin6_addr);
}

/* One of the addresses of this host. Each interface that has IPv6 has one
 * link-local address; that is how it is met once. */
static void
add_network(struct search *search, const struct ifaddrs *at)
{
	struct in_addr group, own;

	if (at->ifa_addr == NULL || (at->ifa_flags & IFF_UP) == 0 ||
	    (at->ifa_flags & IFF_LOOPBACK) != 0)
		return;
	if (at->ifa_addr->sa_family == AF_INET) {
		own = ((struct sockaddr_in *)at->ifa_addr)->sin_addr;
		inet_pton(AF_INET, DISCOVERY_GROUP_V4, &group);
		if ((at->ifa_flags & IFF_BROADCAST) != 0 &&
		    at->ifa_broadaddr != NULL)
			add_four(search, ((struct sockaddr_in *)
			    at->ifa_broadaddr)->sin_addr, own);
		if ((at->ifa_flags & IFF_MULTICAST) != 0)
			add_four(search, group, own);
	} else if (at->ifa_addr->sa_family == AF_INET6 &&
	    (at->ifa_flags & IFF_MULTICAST) != 0 &&
	    IN6_IS_ADDR_LINKLOCAL(
	    &((struct sockaddr_in6 *)at->ifa_addr)->sin6_addr)) {
		add_six(search, DISCOVERY_GROUP_V6,
		    if_nametoindex(at->ifa_name));
	}
}

static void
list_targets(struct search *search)
{
	struct in_addr own = { htonl(INADDR_LOOPBACK) };
	struct ifaddrs *all, *at;

	add_four(search, own, own);
	add_six(search, "::1", 0);
	if (getifaddrs(&all) != 0) {
		client_warn(search->client, "only this host is asked: %s",
		    strerror(errno));
		return;
	}
	for (at = all; at != NULL; at = at->ifa_next)
		add_network(search, at);
	freeifaddrs(all);
}

static void
open_sockets(struct search *search)
{
	int on = 1;

	search->fds[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	search->fds[1] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (search->fds[0] < 0 && search->fds[1] < 0)
		client_fail(search->client, STATUS_UNREACHED, "no socket: %s",
		    strerror(errno));
	if (search->fds[0] >= 0)
		setsockopt(search->fds[0], SOL_SOCKET, SO_BROADCAST, &on,
		    sizeof(on));
	/* An address that IPv4 is mapped to is no other server's. */
	if (search->fds[1] >= 0)
		setsockopt(search->fds[1], IPPROTO_IPV6, IPV6_V6ONLY, &on,
		    sizeof(on));
}

/* Networks that cannot be sent to have no servers. */
static void
ask_all(struct search *search)
{
	struct question *question = &search->rounds[search->round];
	int i;

	if (!question_init(question))
		client_fail(search->client, STATUS_UNREACHED,
		    "no random bytes to be had");
	search->round++;
	question->asked = client_now_us();
	for (i = 0; i < search->target_count; i++) {
		const struct target *target = &search->targets[i];
		bool six = target->to.ss_family == AF_INET6;

		if (search->fds[six] < 0)
			continue;
		if (!six)
			setsockopt(search->fds[six], IPPROTO_IP,
			    IP_MULTICAST_IF, &target->by, sizeof(target->by));
		(void)sendto(search->fds[six], question->bytes,
		    sizeof(question->bytes), 0,
		    (const struct sockaddr *)&target->to, six ?
		    sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	}
}

static bool
is_same(const struct finding *a, const struct finding *b)
{
	return strcmp(a->server, b->server) == 0 &&
	    strcmp(a->software, b->software) == 0 &&
	    strcmp(a->features, b->features) == 0;
}

static struct server *
find(struct search *search, const struct finding *finding)
{
	struct server **grown, *server;
	int i;

	for (i = 0; i < search->server_count; i++)
		if (is_same(&search->servers[i]->finding, finding))
			return search->servers[i];
	if (search->server_count == SERVERS_MAX)
		return NULL;
	grown = realloc(search->servers,
	    (size_t)(i + 1) * sizeof(*search->servers));
	server = calloc(1, sizeof(*server));
	if (grown == NULL || server == NULL)
		client_fail(search->client, STATUS_UNREACHED, "%s",
		    strerror(ENOMEM));
	search->servers = grown;
	search->servers[search->server_count++] = server;
	return server;
}

static void
note(struct search *search, const struct finding *finding, int64_t took,
    const char *address)
{
	struct server *server = find(search, finding);
	int i;

	if (server == NULL)
		return;
	if (server->count == 0 || took < server->took)
		server->took = took;
	server->finding = *finding;
	for (i = 0; i < server->count; i++)
		if (strcmp(server->addresses[i], address) == 0)
			return;
	if (server->count < ADDRESSES_MAX)
		strcpy(server->addresses[server->count++], address);
}

/* One datagram; false when there is none. */
static bool
take(struct search *search, int fd)
{
	char bytes[2048], address[CLIENT_ADDRESS_SIZE];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct finding finding;
	int i;
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0,
	    (struct sockaddr *)&from, &len);

	if (n < 0)
		return false;
	for (i = 0; i < search->round; i++) {
		if (!question_is_answered(&search->rounds[i], bytes,
		    (size_t)n, &finding))
			continue;
		client_address((struct sockaddr *)&from, len, address);
		note(search, &finding, client_now_us() -
		    search->rounds[i].asked, address);
	}
	return true;
}

/* The second round, a third of the time later, is for what got lost. */
static void
wait_for_answers(struct search *search, int patience)
{
	int64_t begun = client_now(), now = begun;

	while (now < begun + patience) {
		struct pollfd items[2] = {
			{ .fd = search->fds[0], .events = POLLIN },
			{ .fd = search->fds[1], .events = POLLIN }
		};
		int64_t next = begun + patience *
		    (search->round < ROUNDS ? search->round : 3) / 3;
		int i;

		poll(items, 2, next > now ? (int)(next - now) : 0);
		for (i = 0; i < 2; i++)
			while (items[i].revents != 0 &&
			    take(search, search->fds[i]))
				;
		now = client_now();
		if (search->round < ROUNDS && now >= next)
			ask_all(search);
	}
}

static void
show(const struct server *server)
{
	const struct finding *finding = &server->finding;
	int i;

	printf("%s  %s  %s  connections: %" PRIu64 "  rooms: %" PRIu64
	    "  %.1f ms\n", server->addresses[0], finding->server,
	    finding->software, finding->connections, finding->rooms,
	    (double)server->took / 1000);
	for (i = 1; i < server->count; i++)
		printf("    also %s\n", server->addresses[i]);
	if (finding->features[0] != '\0')
		printf("    %s\n", finding->features);
}

static void
show_json(const struct server *server)
{
	const struct finding *finding = &server->finding;
	int i;

	fputs("{\"server\":", stdout);
	json_string(stdout, finding->server);
	fputs(",\"addresses\":[", stdout);
	for (i = 0; i < server->count; i++) {
		fputs(i > 0 ? "," : "", stdout);
		json_string(stdout, server->addresses[i]);
	}
	fputs("],\"software\":", stdout);
	json_string(stdout, finding->software);
	fputs(",\"features\":", stdout);
	json_list(stdout, finding->features);
	printf(",\"connections\":%" PRIu64 ",\"rooms\":%" PRIu64
	    ",\"ms\":%.3f}\n", finding->connections, finding->rooms,
	    (double)server->took / 1000);
}

enum status
command_discover(struct client *client, int argc, char **argv)
{
	struct search search = { .client = client };
	int patience = client->patience_given ? client->patience : PATIENCE;
	int i, count;

	if (argc != 1)
		client_fail(client, STATUS_USAGE, "discover: what is \"%s\"? "
		    "Nothing follows but options", argv[1]);
	if (patience == 0)
		client_fail(client, STATUS_USAGE,
		    "discover: --wait is 1 second or more");
	search.port = htons((in_port_t)(client->port != 0 ?
	    client->port : PORT));
	open_sockets(&search);
	list_targets(&search);
	ask_all(&search);
	wait_for_answers(&search, patience);
	for (i = 0; i < search.server_count; i++) {
		if (client->json)
			show_json(search.servers[i]);
		else
			show(search.servers[i]);
		free(search.servers[i]);
	}
	free(search.servers);
	count = search.server_count;
	for (i = 0; i < 2; i++)
		if (search.fds[i] >= 0)
			close(search.fds[i]);
	if (count == 0 && !client->json)
		client_warn(client, "no server answered");
	return count > 0 ? STATUS_DONE : STATUS_REFUSED;
}
