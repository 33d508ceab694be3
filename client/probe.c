/* probe.c -- vcrp probe HOST[:PORT]: is it VCRP?
 *
 * SPDX-License-Identifier: MIT */
#include "client/probe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE = 5000 };

/* Why an address is none is what the library says. */
static void
set_target(struct probe *probe, const struct client *client, const char *name)
{
	const struct vcrp_options options = {
		.server = name, .visitor = true
	};
	char address[VCRP_LINE_MAX];
	const char *why, *colon;
	struct vcrp *v = vcrp_new(&options, &why);

	if (v == NULL)
		client_fail(client, STATUS_USAGE, "probe: %s: %s", name, why);
	vcrp_free(&v);
	if (!vcrp_address(name, address, sizeof(address)) ||
	    address[0] == '/' || (colon = strrchr(address, ':')) == NULL)
		client_fail(client, STATUS_USAGE, "probe: %s is a local "
		    "socket", name);
	if ((size_t)(colon - address) >= sizeof(probe->host))
		client_fail(client, STATUS_USAGE, "probe: %.64s... is no "
		    "host's name", name);
	snprintf(probe->host, sizeof(probe->host), "%.*s",
	    (int)(colon - address), address);
	snprintf(probe->port, sizeof(probe->port), "%.7s", colon + 1);
	vcrp_safe(address, sizeof(address), probe->host, true);
	snprintf(probe->target, sizeof(probe->target),
	    strchr(address, ':') != NULL ? "[%.1000s]:%s" : "%.1000s:%s",
	    address, probe->port);
}

static void *
look_up(void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct probe *probe = arg;

	probe->no_host = getaddrinfo(probe->host, probe->port, &hints,
	    &probe->addresses);
	return NULL;
}

/* At the deadline all but this have ended by themselves: a resolver knows of
 * no time but its own. */
static bool
join(pthread_t thread, int64_t deadline)
{
	int64_t left = deadline - client_now_us();
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	left += until.tv_nsec / 1000;
	until.tv_sec += left / 1000000;
	until.tv_nsec = left % 1000000 * 1000;
	return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

static void
start(const struct client *client, pthread_t *thread_r,
    void *(*run)(void *), struct probe *probe)
{
	int error = pthread_create(thread_r, NULL, run, probe);

	if (error != 0)
		client_fail(client, STATUS_UNREACHED, "no thread: %s",
		    strerror(error));
}

enum status
command_probe(struct client *client, int argc, char **argv)
{
	static void *(*const ways[])(void *) = {
		probe_plain, probe_tls, probe_udp
	};
	/* A resolver that is late writes into it still: it is left to it. */
	struct probe *probe;
	int patience = client->patience_given ? client->patience : PATIENCE;
	pthread_t threads[3];
	enum status status;
	int i;

	if (argc != 2)
		client_fail(client, STATUS_USAGE, "probe: %s host: vcrp "
		    "probe HOST[:PORT]", argc < 2 ? "name a" : "only one");
	if (patience == 0)
		client_fail(client, STATUS_USAGE,
		    "probe: --timeout is 1 second or more");
	probe = calloc(1, sizeof(*probe));
	if (probe == NULL)
		client_fail(client, STATUS_UNREACHED, "%s", strerror(ENOMEM));
	signal(SIGPIPE, SIG_IGN);
	set_target(probe, client, argv[1]);
	probe->deadline = client_now_us() + (int64_t)patience * 1000;
	start(client, &threads[0], look_up, probe);
	if (!join(threads[0], probe->deadline))
		client_fail(client, STATUS_UNREACHED,
		    "%s: no name server answered in time", probe->target);
	for (i = 0; probe->no_host == 0 && i < 3; i++)
		start(client, &threads[i], ways[i], probe);
	while (--i >= 0)
		pthread_join(threads[i], NULL);
	status = probe_show(probe, client->json);
	if (probe->addresses != NULL)
		freeaddrinfo(probe->addresses);
	free(probe);
	return status;
}
