/* server.c -- all parts of the server, and their order
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "account/auth.h"
#include "account/store.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/service.h"
#include "ledger/vault.h"
#include "net/acceptor.h"
#include "net/io.h"
#include "net/tls_context.h"
#include "net/udp.h"
#include "parts.h"
#include "proto/mail.h"

enum {
	RESERVED = 32,	/* descriptors for the server's own use */
	TRIES = 16,	/* for a port that is free for TCP and UDP */
	LEAST = 8,	/* for connections, on the smallest machine */
	LOOK_MS = 10000	/* whether the certificate is another */
};

static int
take_port(struct server *s, int fd, char *why, size_t size)
{
	int rc = udp_sockets_take(&s->datagrams, fd, why, size);

	return rc != 0 ? rc : listeners_take(&s->listeners, fd, why, size);
}

/* One number for both: a free one is to be free for both. */
static int
bind_ports(struct server *s, char *why, size_t size)
{
	const struct config *c = s->config;
	bool passed = listeners_has(&s->listeners, false);
	unsigned port = (unsigned)config_get(&c->server_port);
	int rc = -EADDRINUSE;

	for (int i = 0; i < TRIES && rc == -EADDRINUSE; i++) {
		rc = passed ? 0 : listeners_open(&s->listeners,
		    c->server_listen, port, why, size);
		if (rc == 0 && config_get(&c->udp_enable) &&
		    s->datagrams.count == 0)
			rc = udp_sockets_open(&s->datagrams, &s->listeners,
			    why, size);
		if (rc == 0 || passed || port != 0)
			break;
		listeners_close_ports(&s->listeners);
	}
	return rc;
}

/* They may need root. What a manager of services has passed takes the place of
 * all of its kind. */
static int
open_ports(struct server *s, char *why, size_t size)
{
	int first, count = service_sockets(&first);

	if (count < 0) {
		snprintf(why, size, "passed sockets: %s", strerror(-count));
		return -1;
	}
	for (int i = 0; i < count; i++)
		if (take_port(s, first + i, why, size) < 0)
			return -1;
	if (!config_get(&s->config->udp_enable))
		udp_sockets_close(&s->datagrams);
	if (bind_ports(s, why, size) < 0)
		return -1;
	if (config_get(&s->config->udp_lan))
		log_info("udp.lan: heard on %u interfaces",
		    udp_sockets_join(&s->datagrams));
	return 0;
}

static int
open_local(struct server *s, char *why, size_t size)
{
	const char *path = s->config->server_socket;
	char own[4096];

	if (strcmp(path, "none") == 0 || listeners_has(&s->listeners, true))
		return 0;
	if (*path == '\0') {
		snprintf(own, sizeof(own), "%s/vcrpd.sock", s->sandbox.data);
		path = own;
	}
	return listeners_open_local(&s->listeners, path, why, size);
}

/* As many descriptors as we may have; the rest of them are for connections. */
static unsigned
raise_descriptors(const struct config *c, unsigned ios)
{
	struct rlimit limit;
	unsigned ours = RESERVED + LISTENERS_MAX / 8 + 2 * ios;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return LEAST;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	ours += vault_files(c);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur < ours + LEAST)
		return LEAST;
	return limit.rlim_cur > 4000000 ? 4000000 :
	    (unsigned)limit.rlim_cur - ours;
}

static unsigned
count_io(const struct config *c)
{
	unsigned set = (unsigned)config_get(&c->threads_io);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (set == 0)
		set = cores > 1 ? (unsigned)cores / 2 : 1;
	return set < STREAM_IO_MAX ? set : STREAM_IO_MAX;
}

/* From who started the server to a process that is confined: sandbox.h. */
static int
enter_sandbox(struct server *s, char *why, size_t size)
{
	struct sandbox *box = &s->sandbox;

	if (sandbox_prepare(box, s->config, why, size) < 0 ||
	    open_ports(s, why, size) < 0 ||
	    sandbox_become(box, s->config, why, size) < 0 ||
	    open_local(s, why, size) < 0)
		return -1;
	s->net.stream_ios = count_io(s->config);
	s->net.io_count = s->net.stream_ios + (s->datagrams.count > 0);
	s->net.descriptors = raise_descriptors(s->config, s->net.io_count);
	sandbox_close(box, s->config, s->options->config);
	return 0;
}

static void
name_server(struct net *net, const struct config *c)
{
	snprintf(net->name, sizeof(net->name), "%s", c->server_name);
	if (*net->name == '\0' &&
	    gethostname(net->name, sizeof(net->name) - 1) < 0)
		snprintf(net->name, sizeof(net->name), "localhost");
}

static void
know_proxies(struct net *net, const struct config *c)
{
	const char *why;

	while (c->server_proxies[net->proxy_count] != NULL)
		net->proxy_count++;
	net->proxies = xcalloc(net->proxy_count + 1, sizeof(*net->proxies));
	for (unsigned i = 0; i < net->proxy_count; i++)
		(void)network_parse(slice_of(c->server_proxies[i]),
		    &net->proxies[i], &why);
}

/* The last one has the datagrams. */
static int
make_ios(struct server *s, char *why, size_t size)
{
	struct net *net = &s->net;
	const char *reason = "";

	for (unsigned i = 0; i < net->io_count; i++) {
		struct io *io = net->ios[i] = io_new(net, i, &reason);

		if (io != NULL && i >= net->stream_ios)
			net->udp = io->udp =
			    udp_new(io, &s->datagrams, &reason);
		if (io == NULL || (i >= net->stream_ios && io->udp == NULL)) {
			snprintf(why, size, "io thread: %s", reason);
			return -1;
		}
		s->boxes[i] = &io->box;
	}
	return 0;
}

static int
make_net(struct server *s, char *why, size_t size)
{
	struct net *net = &s->net;

	net->config = s->config;
	net->main = &s->box;
	net->started = clock_ms();
	addresses_init(&net->addresses);
	bans_init(&net->bans);
	know_proxies(net, s->config);
	name_server(net, s->config);
	net->users[0] = (struct local_user){ 0, "root" };
	net->users[1].uid = s->sandbox.user.uid;
	memcpy(net->users[1].name, s->sandbox.user.name,
	    sizeof(net->users[1].name));
	if (make_ios(s, why, size) < 0)
		return -1;
	net->registry = registry_new(s->config, s->names, s->boxes,
	    net->io_count);
	for (int i = 0; i < 2; i++)
		accounts_local(net->registry, slice_of(net->users[i].name));
	return 0;
}

static int
open_storage(struct server *s, char *why, size_t size)
{
	s->storage = storage_new(s->config, s->sandbox.data, s->net.registry,
	    why, size);
	if (s->storage == NULL)
		return -1;
	s->net.store = storage_store(s->storage);
	return storage_load(s->storage, &s->net.bans, why, size);
}

static int
make_auths(struct server *s, char *why, size_t size)
{
	unsigned char secret[SERVER_SECRET];
	bool good = store_secret(s->net.store, secret, why, size);

	if (good) {
		s->net.auths = auths_new(s->net.registry, secret,
		    (unsigned)config_get(&s->config->threads_auth));
		good = s->net.auths != NULL;
		if (!good)
			snprintf(why, size, "libgsasl cannot be used");
	}
	explicit_bzero(secret, sizeof(secret));
	return good ? 0 : -1;
}

/* After the storage, whose lock keeps others out of the directory; and as the
 * user that will read the files again. */
static int
open_tls(struct server *s, char *why, size_t size)
{
	if (!config_get(&s->config->tls_enable))
		return 0;
	s->net.tls = tls_context_new(s->config, s->sandbox.data,
	    s->net.name, why, size);
	return s->net.tls == NULL ? -1 : 0;
}

static int
take_signals(struct server *s, char *why, size_t size)
{
	sigset_t set;
	int rc = mailbox_init_eventfd(&s->box, 0);

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (rc == 0 && s->signals >= 0)
		return 0;
	snprintf(why, size, "signals: %s", strerror(errno));
	return -1;
}

struct server *
server_new(struct config *config, const struct server_options *options,
    char *why, size_t size)
{
	struct server *s = xcalloc(1, sizeof(*s));
	const char *reason = "";

	s->config = config;
	s->options = options;
	s->signals = -1;
	s->code = "restarting";
	memory_open(&s->net.memory);
	thread_adopt(&s->self, "main");
	s->names = names_new(&reason);
	if (s->names == NULL) {
		snprintf(why, size, "%s", reason);
		goto fail;
	}
	if (take_signals(s, why, size) < 0 ||
	    enter_sandbox(s, why, size) < 0 || make_net(s, why, size) < 0 ||
	    open_storage(s, why, size) < 0 ||
	    make_auths(s, why, size) < 0 || open_tls(s, why, size) < 0)
		goto fail;
	s->net.acceptor = acceptor_new(&s->net, &s->listeners, &reason);
	if (s->net.acceptor != NULL)
		return s;
	snprintf(why, size, "acceptor: %s", reason);
fail:
	server_free(&s);
	return NULL;
}

void
server_free(struct server **at)
{
	struct server *s = *at;

	*at = NULL;
	if (s == NULL)
		return;
	acceptor_free(&s->net.acceptor);
	auths_free(&s->net.auths);
	listeners_close(&s->listeners);
	registry_free(&s->net.registry);
	storage_free(&s->storage);
	for (unsigned i = 0; i < s->net.io_count; i++)
		io_free(&s->net.ios[i]);
	udp_sockets_close(&s->datagrams);
	tls_context_free(&s->net.tls);
	if (s->net.main != NULL) {
		addresses_fini(&s->net.addresses);
		bans_fini(&s->net.bans);
		free(s->net.proxies);
		mailbox_fini(&s->box);
	}
	if (s->signals >= 0)
		close(s->signals);
	memory_close(&s->net.memory);
	names_free(&s->names);
	free(s);
}

int
server_start(struct server *s)
{
	int rc = storage_start(s->storage);

	/* Rooms come and go by the thousand: without a bound each new thread
	 * might get an arena of its own. */
	mallopt(M_ARENA_MAX, (int)s->net.io_count + 2);
	for (unsigned i = 0; i < s->net.io_count && rc == 0; i++)
		rc = io_start(s->net.ios[i]);
	if (rc == 0)
		rc = auths_start(s->net.auths);
	return rc < 0 ? rc : acceptor_start(s->net.acceptor);
}

unsigned
server_port(const struct server *s)
{
	return s->listeners.port;
}

const char *
server_fingerprint(const struct server *s)
{
	return s->net.tls == NULL ? NULL : tls_context_fingerprint(s->net.tls);
}

static void
take_mail(struct server *s)
{
	struct mail *waiters, *next;
	struct mail *m = mailbox_take(&s->box, &waiters);

	for (; m != NULL; m = next) {
		next = m->next;
		if (m->kind == MAIL_ORDER) {
			s->quiet++;
			continue;
		}
		assert(m->kind == MAIL_REQUEST);
		server_asked(s, table_entry(m, struct request, mail));
	}
}

static void
take_signal(struct server *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			server_reload(s, NULL);
			continue;
		}
		log_info("stopping, by signal %u", info.ssi_signo);
		s->over = true;
		s->spread = server_spread(s);
	}
}

/* Waits for mail, and for signals unless it stops already. */
static void
wait_for_work(struct server *s)
{
	struct pollfd fds[] = {
		{ .fd = s->box.fd, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN }
	};
	uint64_t pokes;

	if (mailbox_may_sleep(&s->box))
		(void)poll(fds, s->over ? 1 : 2, LOOK_MS);
	mailbox_rose(&s->box);
	/* poll() would tell of the same poke for ever. */
	(void)!read(s->box.fd, &pokes, sizeof(pokes));
}

void
server_run(struct server *s)
{
	while (!s->over) {
		wait_for_work(s);
		take_signal(s);
		take_mail(s);
		if (s->net.tls != NULL)
			tls_context_look(s->net.tls, clock_ms());
	}
}

void
server_stop(struct server *s)
{
	service_stopping();
	storage_hurry(s->storage);
	acceptor_close(s->net.acceptor, true);
	acceptor_join(s->net.acceptor);
	auths_stop(s->net.auths);
	server_order(s, true, false, s->code, s->spread);
	/* A connection ends when all it asked is answered, by main too. */
	while (s->quiet < s->net.io_count) {
		wait_for_work(s);
		take_mail(s);
	}
	/* No requests are left; the rooms' last mail needs the io threads. */
	storage_drain(s->storage);
	registry_stop(s->net.registry);
	storage_stop(s->storage);
	server_order(s, false, true, NULL, 0);
	for (unsigned i = 0; i < s->net.io_count; i++)
		io_join(s->net.ios[i]);
	log_info("stopped");
}
