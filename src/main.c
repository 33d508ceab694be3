/* main.c -- vcrpd: arguments, configuration, start and stop
 *
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <sodium.h>

#include "account/restore.h"
#include "base/log.h"
#include "base/service.h"
#include "net/tls_context.h"
#include "sandbox.h"
#include "server.h"

struct arguments {
	struct server_options options;
	const char *restore;	/* the backup; or NULL */
	bool background;
	bool test;
};

static void
usage(FILE *to)
{
	fprintf(to, "usage: vcrpd [-bfhtV] [-c FILE] [-d DATADIR] [-p PORT]\n"
	    "       vcrpd --restore BACKUP -d DATADIR\n"
	    "  -b  run in the background    -f  in the foreground (default)\n"
	    "  -c  configuration file       -d  data directory\n"
	    "  -p  port; 0: any free one    -t  test the configuration\n"
	    "  -V, --version                -h, --help\n"
	    "  --restore  make the data directory from a backup, and end\n");
}

static void
parse(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "help",	no_argument,       NULL, 'h' },
		{ "restore",	required_argument, NULL, 'r' },
		{ "version",	no_argument,       NULL, 'V' },
		{ NULL,		0,                 NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "bc:d:fhp:tV", options,
	    NULL)) != -1) {
		switch (c) {
		case 'b':
			a->background = true;
			break;
		case 'c':
			a->options.config = optarg;
			break;
		case 'd':
			a->options.data = optarg;
			break;
		case 'f':
			a->background = false;
			break;
		case 'p':
			a->options.port = optarg;
			break;
		case 'r':
			a->restore = optarg;
			break;
		case 't':
			a->test = true;
			break;
		case 'V':
			printf("vcrpd %s\n", PACKAGE_VERSION);
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vcrpd: %s: no such argument\n",
		    argv[optind]);
		usage(stderr);
		exit(2);
	}
}

static void
complain(const char *text, void *arg)
{
	(void)arg;
	fprintf(stderr, "vcrpd: %s\n", text);
}

/* The parent stays until the child is ready or has failed, so that its exit
 * status tells; returns in the child, what is to be closed when it is ready. */
static int
go_to_background(void)
{
	int ends[2];
	pid_t pid;
	char c;

	if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		log_fatal("cannot go to the background: %m");
	if (pid > 0) {
		close(ends[1]);
		_exit(read(ends[0], &c, 1) == 1 ? 0 : 1);
	}
	close(ends[0]);
	setsid();
	return ends[1];
}

static void
leave_terminal(int parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
	(void)!write(parent, "", 1);
	close(parent);
}

/* The log of a server without a terminal goes to syslog. */
static void
open_log(const struct config *c, bool background)
{
	enum log_target target = (enum log_target)config_get(&c->log_target);

	if (background && target == LOG_TO_STDERR)
		target = LOG_TO_SYSLOG;
	log_open(target, (enum log_level)config_get(&c->log_level));
}

static int
serve(struct config *config, const struct arguments *a)
{
	int parent = a->background ? go_to_background() : -1;
	struct server *s;
	char why[512];
	int rc;

	s = server_new(config, &a->options, why, sizeof(why));
	if (s == NULL)
		log_fatal("%s", why);
	open_log(config, a->background);
	rc = server_start(s);
	if (rc < 0)
		log_fatal("cannot start threads: %s", strerror(-rc));
	printf("vcrpd: ready on port %u\n", server_port(s));
	if (server_fingerprint(s) != NULL)
		printf("vcrpd: certificate %s\n", server_fingerprint(s));
	fflush(stdout);
	if (a->background)
		leave_terminal(parent);
	service_ready();
	server_run(s);
	server_stop(s);
	server_free(&s);
	return 0;
}

/* Where to must be said: a default would be filled by mistake. */
static int
bring_back(const struct config *config, const char *backup)
{
	char why[PATH_MAX + 256];

	if (*config->server_data == '\0') {
		fprintf(stderr, "vcrpd: --restore needs -d DATADIR\n");
		return 2;
	}
	if (sandbox_own(config, why, sizeof(why)) < 0) {
		complain(why, NULL);
		return 1;
	}
	return restore(backup, config->server_data) ? 0 : 1;
}

/* What a start would find that is not in the file itself. */
static int
test(const struct config *config)
{
	char why[PATH_MAX + 256];
	bool good = sandbox_test(config, why, sizeof(why)) == 0;

	if (!good)
		complain(why, NULL);
	if (config_get(&config->tls_enable) &&
	    !tls_context_test(config, why, sizeof(why))) {
		complain(why, NULL);
		good = false;
	}
	if (good)
		printf("vcrpd: the configuration is good\n");
	return good ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct arguments a = { .background = false };
	struct config *config;
	int faults, rc = 0;

	parse(&a, argc, argv);
	/* OpenSSL reads a configuration of its own, which is out of reach
	 * later. */
	if (sodium_init() < 0 ||
	    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1)
		log_fatal("libsodium or OpenSSL cannot be used here");
	umask(077);
	config = config_new();
	faults = server_configure(config, &a.options, complain, NULL);
	if (faults > 0)
		rc = 1;
	else if (a.restore != NULL)
		rc = bring_back(config, a.restore);
	else if (a.test)
		rc = test(config);
	else
		rc = serve(config, &a);
	config_free(&config);
	return rc;
}
