/* vcrpctl.c -- ask a running vcrpd, over its local socket
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"

#define SOCKET_NEAR	"./vcrpd-data/vcrpd.sock"
#define SOCKET_FAR	LOCALSTATEDIR "/lib/vcrpd/vcrpd.sock"
#define PATIENCE	10000
#define FACTS		16
#define VALUE_SIZE	256

static const char usage[] =
"usage: vcrpctl [-s SOCKET] [-w SECONDS] COMMAND\n"
"\n"
"  status                 a summary\n"
"  stats                  every counter\n"
"  rooms                  each room\n"
"  connections            each connection\n"
"  kill NAME|ID [REASON]  end the connections of NAME, or connection ID\n"
"  notice TEXT            tell everybody\n"
"  reload                 read the configuration again\n"
"  drain [SECONDS]        send everybody away, to come back within SECONDS\n"
"  shutdown               stop the server\n"
"\n"
"  -s, --socket=SOCKET    (" SOCKET_NEAR ", or else\n"
"                         " SOCKET_FAR ")\n"
"  -w, --wait=SECONDS     how long to wait for an answer (10)\n"
"  -h, --help\n"
"  -V, --version\n"
"\n"
"Exit status: 0 done, 1 refused by the server, 2 usage, 3 no connection\n";

enum shape {
	SHOW_LINES,	/* what STAT and NOTICE say, as it comes */
	SHOW_SUMMARY,
	SHOW_NOTHING
};

static const struct row {
	const char *name;
	const char *request;
	int         least, most;	/* words */
	enum shape  shape;
	bool        may_end;
} rows[] = {
	{ "connections",	"STATS connections",	0, 0, SHOW_LINES, false },
	{ "drain",		"DRAIN",		0, 1, SHOW_LINES, true },
	{ "kill",		"KILL",			1, 99, SHOW_LINES, false },
	{ "notice",		"NOTICE",		1, 99, SHOW_NOTHING, false },
	{ "reload",		"RELOAD",		0, 0, SHOW_LINES, false },
	{ "rooms",		"STATS rooms",		0, 0, SHOW_LINES, false },
	{ "shutdown",		"SHUTDOWN",		0, 0, SHOW_LINES, true },
	{ "stats",		"STATS",		0, 0, SHOW_LINES, false },
	{ "status",		"STATS",		0, 0, SHOW_SUMMARY, false }
};

/* In the order to show them; what a server does not tell is left out. */
static const struct fact {
	const char *key;
	const char *label;
} facts[] = {
	{ "server_version",	"version" },
	{ "server_name",	"name" },
	{ "uptime",		"uptime" },
	{ "connections",	"connections" },
	{ "connections_max",	"connections, at most" },
	{ "unauthenticated",	"not logged in" },
	{ "rooms",		"rooms" },
	{ "rooms_live",		"rooms, live" },
	{ "members",		"members" },
	{ "threads",		"threads" },
	{ "io_threads",		"io threads" },
	{ "lines",		"lines received" },
	{ "deliveries",		"lines delivered" },
	{ "bytes_out",		"bytes sent" }
};

_Static_assert(sizeof(facts) / sizeof(*facts) <= FACTS, "FACTS");

struct task {
	const struct row *row;
	int64_t           request;
	bool              answered;
	char              values[FACTS][VALUE_SIZE];
};

static void
keep_fact(struct task *task, const char *text)
{
	size_t i, len = strcspn(text, " ");

	for (i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		if (strlen(facts[i].key) == len && text[len] == ' ' &&
		    strncmp(facts[i].key, text, len) == 0)
			snprintf(task->values[i], sizeof(task->values[i]),
			    "%s", text + len + 1);
	}
}

static void
show_line(const char *text)
{
	client_print(text);
	putchar('\n');
}

static void
show(struct task *task, const struct vcrp_event *event)
{
	const char *text = event->text != NULL ? event->text : "";
	bool is_stat = strcmp(event->verb, "STAT") == 0;

	if (task->row->shape == SHOW_SUMMARY && is_stat)
		keep_fact(task, text);
	else if (is_stat || strcmp(event->verb, "NOTICE") == 0)
		show_line(text);
	else
		show_line(event->line);
}

static void
on_event(struct client *client, const struct vcrp_event *event)
{
	struct task *task = client->arg;

	if (event->kind != VCRP_LINE)
		return;
	if (strcmp(event->verb, "ERR") == 0) {
		client_refused(client, event);
	} else if (event->request > 0 && event->request == task->request) {
		task->answered = true;
	} else if (strcmp(event->verb, "BYE") != 0 &&
	    task->row->shape != SHOW_NOTHING) {
		show(task, event);
	}
}

static void
print_uptime(const char *value)
{
	uint64_t seconds = strtoull(value, NULL, 10);

	printf("%" PRIu64 " d %" PRIu64 " h %" PRIu64 " min %" PRIu64 " s\n",
	    seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
	    seconds % 60);
}

static void
print_summary(const struct task *task)
{
	size_t i;

	for (i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		if (task->values[i][0] == '\0')
			continue;
		printf("%-22s", facts[i].label);
		if (strcmp(facts[i].key, "uptime") == 0)
			print_uptime(task->values[i]);
		else
			show_line(task->values[i]);
	}
}

_Noreturn static void
fail_usage(void)
{
	fputs(usage, stderr);
	exit(STATUS_USAGE);
}

static const struct row *
find_row(const char *name, int words)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].name, name) == 0 &&
		    words >= rows[i].least && words <= rows[i].most)
			return &rows[i];
	}
	fail_usage();
}

static void
render(const struct client *client, const struct row *row, char **words,
    char *line_r)
{
	size_t len = (size_t)sprintf(line_r, "%s", row->request);

	for (; *words != NULL; words++) {
		if (len + strlen(*words) + 2 > VCRP_LINE_MAX)
			client_impossible(client, row->name, -EMSGSIZE);
		len += (size_t)sprintf(line_r + len, " %s", *words);
	}
}

static void
run(struct client *client, struct task *task, char **words)
{
	int64_t end = client_now() + client->patience, left;
	char line[VCRP_LINE_MAX];

	render(client, task->row, words, line);
	client->event = on_event;
	client->arg = task;
	client_login(client);
	client->may_end = task->row->may_end;
	task->request = vcrp_request(client->v, line);
	if (task->request < 0)
		client_impossible(client, task->row->name, task->request);
	while (!task->answered) {
		left = end - client_now();
		if (left <= 0)
			client_fail(client, STATUS_UNREACHED, "no answer");
		client_turn(client, -1, (int)left);
	}
	if (task->row->shape == SHOW_SUMMARY)
		print_summary(task);
	client_close(client);
}

static void
take_options(struct client *client, int argc, char **argv)
{
	static const struct option options[] = {
		{ "help",	no_argument,       NULL, 'h' },
		{ "socket",	required_argument, NULL, 's' },
		{ "version",	no_argument,       NULL, 'V' },
		{ "wait",	required_argument, NULL, 'w' },
		{ NULL,		0,                 NULL, 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "+hs:Vw:", options,
	    NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(STATUS_DONE);
		} else if (option == 's') {
			client->server = optarg;
		} else if (option == 'V') {
			printf("vcrpctl %s\n", vcrp_version());
			exit(STATUS_DONE);
		} else if (option == 'w' && atoi(optarg) > 0 &&
		    atoi(optarg) <= 86400) {
			client->patience = atoi(optarg) * 1000;
		} else {
			fail_usage();
		}
	}
}

int
main(int argc, char **argv)
{
	struct client client = {
		.program = "vcrpctl", .external = true, .key.fd = -1,
		.patience = PATIENCE,
		.server = access(SOCKET_NEAR, F_OK) == 0 ? SOCKET_NEAR :
		    SOCKET_FAR
	};
	struct task task = { .row = NULL };
	char near_path[PATH_MAX];

	take_options(&client, argc, argv);
	if (optind == argc)
		fail_usage();
	/* Without a '/' the library would take it for a host. */
	if (strchr(client.server, '/') == NULL) {
		snprintf(near_path, sizeof(near_path), "./%s", client.server);
		client.server = near_path;
	}
	task.row = find_row(argv[optind], argc - optind - 1);
	run(&client, &task, argv + optind + 1);
	if (fflush(stdout) != 0)
		client_fail(&client, STATUS_USAGE, "standard output: %s",
		    strerror(errno));
	return STATUS_DONE;
}
