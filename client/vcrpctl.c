/* vcrpctl.c -- ask a running vcrpd, over its local socket
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl.h"
#include "client/password.h"
#include "client/summary.h"
#include "client/verifier.h"

#define SOCKET_NEAR	"./vcrpd-data/vcrpd.sock"
#define SOCKET_FAR	LOCALSTATEDIR "/lib/vcrpd/vcrpd.sock"
#define PATIENCE	10000

static const char usage[] =
"usage: vcrpctl [-s SOCKET] [-w SECONDS] COMMAND\n"
"\n"
"  status                 a summary\n"
"  stats                  every counter\n"
"  rooms                  each room\n"
"  connections            each connection\n"
"  kill NAME|ID [REASON]  end the connections of NAME, or connection ID\n"
"  ban NETWORK [REASON] [--for=1h]\n"
"                         keep an address or network out, for that long\n"
"  unban NETWORK          let it in again\n"
"  bans                   each network that is kept out\n"
"  calm [SECONDS]         let guests and young accounts say one thing in that\n"
"                         time; 0: no bound; alone: tell what it is\n"
"  account add NAME [--admin] [--generate]\n"
"                         make an account; the password is asked for, or a\n"
"                         line of standard input, or made up and printed\n"
"  account list [PATTERN] each account\n"
"  account passwd NAME [--generate]\n"
"  account role NAME user|administrator\n"
"  account disable|enable|delete NAME\n"
"  account certificate NAME FINGERPRINT|none\n"
"  invite [--for=7d]      print a token with which one account can be made\n"
"  notice TEXT            tell everybody\n"
"  reload                 read the configuration again\n"
"  drain [SECONDS]        send everybody away, to come back within SECONDS\n"
"  shutdown               stop the server\n"
"  backup DIR             copy all data into DIR, which is new or empty\n"
"  verify DIR             is DIR a whole backup? (asks no server)\n"
"  export ROOM [--json]   print all that is kept of what was said in ROOM\n"
"  room retry ROOM        let ROOM write again, whose disk has failed\n"
"\n"
"  -s, --socket=SOCKET    (" SOCKET_NEAR ", or else\n"
"                         " SOCKET_FAR ")\n"
"  -w, --wait=SECONDS     how long to wait for an answer (10; backup: always)\n"
"  -h, --help\n"
"  -V, --version\n"
"\n"
"Exit status: 0 done, 1 refused by the server, or a bad backup, 2 usage,\n"
"3 no connection\n";

enum shape {
	SHOW_LINES,	/* what STAT and NOTICE say, as it comes */
	SHOW_LAST,	/* the same; then the server may end */
	SHOW_SUMMARY,
	SHOW_BACKUP,	/* how much the answer says there is */
	SHOW_CALM,	/* how many seconds the answer says */
	SHOW_TOKEN,	/* that the answer brings */
	SHOW_NOTHING
};

static const struct row {
	const char *name;
	const char *request;
	int         least, most;	/* words */
	enum shape  shape;
} rows[] = {
	{ "account add",	"ACCOUNT add",		1, 1, SHOW_NOTHING },
	{ "account certificate", "ACCOUNT certificate",	2, 2, SHOW_NOTHING },
	{ "account delete",	"ACCOUNT delete",	1, 1, SHOW_NOTHING },
	{ "account disable",	"ACCOUNT disable",	1, 1, SHOW_NOTHING },
	{ "account enable",	"ACCOUNT enable",	1, 1, SHOW_NOTHING },
	{ "account list",	"ACCOUNT list",		0, 1, SHOW_LINES },
	{ "account passwd",	"ACCOUNT passwd",	1, 1, SHOW_NOTHING },
	{ "account role",	"ACCOUNT role",		2, 2, SHOW_NOTHING },
	{ "backup",		"BACKUP",		1, 1, SHOW_BACKUP },
	{ "ban",		"BAN",			1, 99, SHOW_LINES },
	{ "bans",		"BAN",			0, 0, SHOW_LINES },
	{ "calm",		"CALM",			0, 1, SHOW_CALM },
	{ "connections",	"STATS connections",	0, 0, SHOW_LINES },
	{ "drain",		"DRAIN",		0, 1, SHOW_LAST },
	{ "invite",		"ACCOUNT invite",	0, 0, SHOW_TOKEN },
	{ "kill",		"KILL",			1, 99, SHOW_LINES },
	{ "notice",		"NOTICE",		1, 99, SHOW_NOTHING },
	{ "reload",		"RELOAD",		0, 0, SHOW_LINES },
	{ "room retry",		"RETRY",		1, 1, SHOW_NOTHING },
	{ "rooms",		"STATS rooms",		0, 0, SHOW_LINES },
	{ "shutdown",		"SHUTDOWN",		0, 0, SHOW_LAST },
	{ "stats",		"STATS",		0, 0, SHOW_LINES },
	{ "status",		"STATS",		0, 0, SHOW_SUMMARY },
	{ "unban",		"UNBAN",		1, 1, SHOW_LINES }
};

struct task {
	const struct row *row;
	int64_t           request;
	bool              answered;
	const char       *password;	/* whose verifier is the last word; or
					 * NULL */
	bool              admin;	/* the new account is to be one's */
	struct summary    summary;
};

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
		summary_keep(&task->summary, text);
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
		if (task->row->shape == SHOW_BACKUP && event->count > 2)
			printf("%s files, %s bytes\n", event->words[1],
			    event->words[2]);
		if (task->row->shape == SHOW_CALM && event->count > 1)
			printf("%s seconds\n", event->words[1]);
		if (task->row->shape == SHOW_TOKEN && event->count > 2)
			printf("%s\n", event->words[2]);
	} else if (strcmp(event->verb, "BYE") != 0 &&
	    task->row->shape != SHOW_NOTHING) {
		show(task, event);
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

/* Behind the line. */
static void
add_verifier(struct client *client, const char *password, char *line)
{
	size_t len = strlen(line);

	if (len + VERIFIER_SIZE >= VCRP_LINE_MAX)
		client_impossible(client, "account", -EMSGSIZE);
	line[len++] = ' ';
	client_make_verifier(client, password, line + len);
}

static void
ask(struct client *client, struct task *task, const char *line)
{
	bool ever = task->row->shape == SHOW_BACKUP && !client->patience_given;
	int64_t end = client_now() + client->patience, left;

	task->answered = false;
	task->request = vcrp_request(client->v, line);
	if (task->request < 0)
		client_impossible(client, task->row->name, task->request);
	while (!task->answered) {
		left = ever ? -1 : end - client_now();
		if (!ever && left <= 0)
			client_fail(client, STATUS_UNREACHED, "no answer");
		client_turn(client, -1, (int)left);
	}
}

static void
run(struct client *client, struct task *task, char **words)
{
	char line[VCRP_LINE_MAX];

	render(client, task->row, words, line);
	client->event = on_event;
	client->arg = task;
	client_login(client);
	client->may_end = task->row->shape == SHOW_LAST;
	if (task->password != NULL)
		add_verifier(client, task->password, line);
	ask(client, task, line);
	if (task->admin) {
		snprintf(line, sizeof(line), "ACCOUNT role %s administrator",
		    words[0]);
		ask(client, task, line);
	}
	if (task->row->shape == SHOW_SUMMARY)
		summary_print(&task->summary);
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
			client->patience_given = true;
		} else {
			fail_usage();
		}
	}
}

/* The server has another working directory. */
static void
ask_for_backup(struct client *client, struct task *task, char *directory)
{
	char here[PATH_MAX], path[2 * PATH_MAX], *words[2] = { path, NULL };

	if (directory[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		client_fail(client, STATUS_USAGE, ".: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s%s%s", directory[0] == '/' ? "" : here,
	    directory[0] == '/' ? "" : "/", directory);
	run(client, task, words);
}

/* Anywhere behind "ban" or "invite": "--for=1h" or "--for 1h". */
static void
ask_for_time(struct client *client, struct task *task, char **words)
{
	struct row timed = *task->row;
	char request[64], *length = NULL;
	int kept = 0;

	for (char **word = words; *word != NULL; word++) {
		if (strncmp(*word, "--for=", 6) == 0)
			length = *word + 6;
		else if (strcmp(*word, "--for") == 0 && word[1] != NULL)
			length = *++word;
		else
			words[kept++] = *word;
	}
	words[kept] = NULL;
	if (kept < timed.least || kept > timed.most || (length != NULL &&
	    (*length == '\0' || strpbrk(length, " ;") != NULL ||
	    strlen(length) > 20)))
		fail_usage();
	if (length != NULL) {
		snprintf(request, sizeof(request), "@for=%s %s", length,
		    timed.request);
		timed.request = request;
		task->row = &timed;
	}
	run(client, task, words);
}

/* "account add" and "account passwd", with their options anywhere. */
static void
ask_for_account(struct client *client, struct task *task, char **words)
{
	bool add = strcmp(task->row->name, "account add") == 0;
	char password[PASSWORD_SIZE];
	bool generate = false;
	int kept = 0;

	for (char **word = words; *word != NULL; word++) {
		if (add && strcmp(*word, "--admin") == 0)
			task->admin = true;
		else if (strcmp(*word, "--generate") == 0)
			generate = true;
		else
			words[kept++] = *word;
	}
	words[kept] = NULL;
	if (kept != 1 || words[0][0] == '-')
		fail_usage();
	if (generate)
		password_generate(password);
	else
		client_new_password(client, password);
	task->password = password;
	run(client, task, words);
	if (generate)
		printf("%s\n", password);
	explicit_bzero(password, sizeof(password));
}

static enum status
take_export(struct client *client, char **word)
{
	const char *room = NULL;
	bool json = false;

	for (; *word != NULL; word++) {
		if (strcmp(*word, "--json") == 0)
			json = true;
		else if (room == NULL && **word != '-')
			room = *word;
		else
			fail_usage();
	}
	if (room == NULL)
		fail_usage();
	return ctl_export(client, room, json);
}

static enum status
take_command(struct client *client, int words, char **word)
{
	struct task task = { .row = NULL };
	char name[32];

	if (strcmp(word[0], "verify") == 0 && words == 2)
		return ctl_verify(client, word[1]);
	if (strcmp(word[0], "export") == 0)
		return take_export(client, word + 1);
	snprintf(name, sizeof(name), "%s", word[0]);
	if ((strcmp(name, "room") == 0 || strcmp(name, "account") == 0) &&
	    words > 1) {
		snprintf(name, sizeof(name), "%.7s %.20s", word[0], word[1]);
		word++;
		words--;
	}
	if (strcmp(name, "account add") == 0 ||
	    strcmp(name, "account passwd") == 0) {
		task.row = find_row(name, 1);
		ask_for_account(client, &task, word + 1);
		return STATUS_DONE;
	}
	if (strcmp(name, "invite") == 0) {
		task.row = find_row(name, 0);
		ask_for_time(client, &task, word + 1);
		return STATUS_DONE;
	}
	task.row = find_row(name, words - 1);
	if (task.row->shape == SHOW_BACKUP)
		ask_for_backup(client, &task, word[1]);
	else if (strcmp(name, "ban") == 0)
		ask_for_time(client, &task, word + 1);
	else
		run(client, &task, word + 1);
	return STATUS_DONE;
}

int
main(int argc, char **argv)
{
	struct client client = {
		.program = "vcrpctl", .external = true, .key.fd = -1,
		.password_fd = -1,
		.patience = PATIENCE,
		.server = access(SOCKET_NEAR, F_OK) == 0 ? SOCKET_NEAR :
		    SOCKET_FAR
	};
	char near_path[PATH_MAX];
	enum status status;

	take_options(&client, argc, argv);
	if (optind == argc)
		fail_usage();
	/* Without a '/' the library would take it for a host. */
	if (strchr(client.server, '/') == NULL) {
		snprintf(near_path, sizeof(near_path), "./%s", client.server);
		client.server = near_path;
	}
	status = take_command(&client, argc - optind, argv + optind);
	if (fflush(stdout) != 0)
		client_fail(&client, STATUS_USAGE, "standard output: %s",
		    strerror(errno));
	return status;
}
