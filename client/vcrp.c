/* vcrp.c -- chat in a terminal, and from scripts
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"

#define ROOM_DEFAULT	"lobby"
#define PATIENCE	30000
#define OPTIONS		"+a:hi:n:s:u:Vw:"

static const char usage[] =
"usage: vcrp [OPTION...] [vcrps://HOST[:PORT]/ROOM]  chat in a terminal\n"
"       vcrp [OPTION...] say ROOM [TEXT...]          say text, or each line\n"
"                                                    of standard input\n"
"       vcrp [OPTION...] tail [-a NUMBER] ROOM       print what is said\n"
"       vcrp [OPTION...] rooms\n"
"       vcrp [OPTION...] who ROOM\n"
"       vcrp [OPTION...] register NAME               make an account\n"
"       vcrp [OPTION...] passwd                      change its password\n"
"       vcrp [--wait=SECONDS] [--json] discover      which servers are near?\n"
"       vcrp [--timeout=SECONDS] [--json] probe HOST[:PORT]\n"
"                                                    is it VCRP?\n"
"\n"
"  -s, --server=SERVER   vcrps://[NAME@]HOST[:PORT] with TLS, vcrp://... or\n"
"                        HOST[:PORT] without, or the path of a local socket\n"
"                        (VCRP_SERVER; localhost)\n"
"  -n, --nick=NICK       who to be as a guest ($USER)\n"
"  -u, --user=NAME       log in with an account; the password is asked for\n"
"      --password-file=FILE   or it is the first line of a file\n"
"      --password-fd=NUMBER   or of a descriptor\n"
"      --fingerprint=sha256:HEX   take this certificate and no other\n"
"      --accept-new      take that of a server not met before\n"
"      --certificate=FILE     log in by a certificate\n"
"      --certificate-key=FILE (the same FILE)\n"
"      --udp             go on by datagrams, if they come through\n"
"      --keylog=FILE     append all keys to a file, to look into what is sent\n"
"  -i, --invite=TOKEN    register: the invitation\n"
"  -w, --wait=SECONDS    how long to do without a connection (30; 0: always)\n"
"  -a, --after=NUMBER    tail: also what came after this number (0: all)\n"
"      --json            discover, probe: for programs\n"
"      --port=NUMBER     discover: where servers are asked (3073)\n"
"      --timeout=SECONDS probe: how long all of it may take (5)\n"
"  -h, --help\n"
"  -V, --version\n"
"\n"
"A ROOM that begins with '@' is a conversation: @bob\n"
"Exit status: 0 done, 1 refused by the server, 2 usage, 3 no connection;\n"
"of discover: 1 no server answered; of probe: 0 VCRP, 1 something else,\n"
"3 nothing answers, 4 VCRP by UDP alone\n";

enum long_only {
	OPTION_ACCEPT_NEW = 256,
	OPTION_CERTIFICATE,
	OPTION_CERTIFICATE_KEY,
	OPTION_FINGERPRINT,
	OPTION_JSON,
	OPTION_KEYLOG,
	OPTION_PASSWORD_FD,
	OPTION_PASSWORD_FILE,
	OPTION_PORT,
	OPTION_TIMEOUT,
	OPTION_UDP
};

static const struct command {
	const char *name;
	enum status (*run)(struct client *, int, char **);
	const char *words;	/* behind the name */
} commands[] = {
	{ "discover",	command_discover,	"" },
	{ "passwd",	command_passwd,		"" },
	{ "probe",	command_probe,		" HOST[:PORT]" },
	{ "register",	command_register,	" NAME" },
	{ "rooms",	command_rooms,		"" },
	{ "say",	command_say,		" ROOM [TEXT...]" },
	{ "tail",	command_tail,		" ROOM" },
	{ "who",	command_who,		" ROOM" }
};

static const struct option long_options[] = {
	{ "accept-new",	no_argument,       NULL, OPTION_ACCEPT_NEW },
	{ "after",	required_argument, NULL, 'a' },
	{ "certificate", required_argument, NULL, OPTION_CERTIFICATE },
	{ "certificate-key", required_argument, NULL, OPTION_CERTIFICATE_KEY },
	{ "fingerprint", required_argument, NULL, OPTION_FINGERPRINT },
	{ "help",	no_argument,       NULL, 'h' },
	{ "invite",	required_argument, NULL, 'i' },
	{ "json",	no_argument,       NULL, OPTION_JSON },
	{ "keylog",	required_argument, NULL, OPTION_KEYLOG },
	{ "nick",	required_argument, NULL, 'n' },
	{ "password-fd", required_argument, NULL, OPTION_PASSWORD_FD },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
	{ "port",	required_argument, NULL, OPTION_PORT },
	{ "server",	required_argument, NULL, 's' },
	{ "timeout",	required_argument, NULL, OPTION_TIMEOUT },
	{ "udp",	no_argument,       NULL, OPTION_UDP },
	{ "user",	required_argument, NULL, 'u' },
	{ "version",	no_argument,       NULL, 'V' },
	{ "wait",	required_argument, NULL, 'w' },
	{ NULL,		0,                 NULL, 0 }
};

static int64_t
number(const struct client *client, const char *option, int64_t least,
    int64_t most)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(optarg, &end, 10);
	if (errno != 0 || *optarg == '\0' || *end != '\0' || value < least ||
	    value > most)
		client_fail(client, STATUS_USAGE, "--%s: %s: not a number of "
		    "%lld to %lld", option, optarg, (long long)least,
		    (long long)most);
	return value;
}

static void
take_long_option(struct client *client, int option)
{
	switch (option) {
	case OPTION_ACCEPT_NEW:
		client->accept_new = true;
		break;
	case OPTION_CERTIFICATE:
		client->certificate = optarg;
		break;
	case OPTION_CERTIFICATE_KEY:
		client->certificate_key = optarg;
		break;
	case OPTION_FINGERPRINT:
		client->fingerprint = optarg;
		break;
	case OPTION_JSON:
		client->json = true;
		break;
	case OPTION_PORT:
		client->port = (unsigned)number(client, "port", 1, 65535);
		break;
	case OPTION_KEYLOG:
		client->keylog = optarg;
		break;
	case OPTION_PASSWORD_FD:
		client->password_fd = (int)number(client, "password-fd", 0,
		    INT_MAX);
		break;
	case OPTION_PASSWORD_FILE:
		client->password_file = optarg;
		break;
	case OPTION_UDP:
		client->udp = true;
		break;
	default:
		/* getopt_long() has said what is wrong. */
		fputs("vcrp --help tells the usage\n", stderr);
		exit(STATUS_USAGE);
	}
}

static void
take_option(struct client *client, int option)
{
	switch (option) {
	case 'a':
		client->after = number(client, "after", 0, (1LL << 53) - 1);
		break;
	case 'h':
		fputs(usage, stdout);
		exit(STATUS_DONE);
	case 'i':
		client->invitation = optarg;
		break;
	case 'n':
		client->nick = optarg;
		break;
	case 's':
		client->server = optarg;
		break;
	case 'u':
		client->user = optarg;
		break;
	case 'V':
		printf("vcrp %s\n", vcrp_version());
		exit(STATUS_DONE);
	case 'w':
	case OPTION_TIMEOUT:
		client->patience = (int)number(client, option == 'w' ?
		    "wait" : "timeout", 0, 86400) * 1000;
		client->patience_given = true;
		break;
	default:
		take_long_option(client, option);
	}
}

/* With a '+', options end with the first word that is none. Without it words
 * are moved behind them. Returns how many of argv they are. */
static int
take_options(struct client *client, int argc, char **argv, const char *form)
{
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, form, long_options,
	    NULL)) != -1)
		take_option(client, option);
	return optind;
}

static void
check_options(const struct client *client, const struct command *command)
{
	bool discovers = command->run == command_discover;

	if (client->json && !discovers && command->run != command_probe)
		client_fail(client, STATUS_USAGE,
		    "--json: only discover and probe have it, not %s",
		    command->name);
	if (client->port != 0 && !discovers)
		client_fail(client, STATUS_USAGE,
		    "--port: only discover has it, not %s; others have "
		    "HOST:PORT", command->name);
}

static enum status
run_command(struct client *client, const struct command *command, int argc,
    char **argv)
{
	/* What is said may begin with a '-'. */
	int taken = take_options(client, argc, argv,
	    command->run == command_say ? OPTIONS : &OPTIONS[1]);
	enum status status;

	/* The command's name stands before its words again. */
	argv[taken - 1] = argv[0];
	check_options(client, command);
	status = command->run(client, argc - taken + 1, argv + taken - 1);
	if (fflush(stdout) != 0 || ferror(stdout))
		client_fail(client, STATUS_USAGE, "standard output: %s",
		    strerror(errno));
	if (status == STATUS_USAGE)
		client_fail(client, STATUS_USAGE, "usage: vcrp [OPTION...] "
		    "%s%s", command->name, command->words);
	return status;
}

static enum status
run_chat(struct client *client, int argc, char **argv)
{
	if (argc > 0 && strpbrk(argv[0], ":/") == NULL)
		client_fail(client, STATUS_USAGE, "%s: neither a command nor "
		    "a server (HOST:PORT, vcrps://HOST/ROOM); vcrp --help "
		    "tells the usage", argv[0]);
	if (argc > 1)
		client_fail(client, STATUS_USAGE, "%s: nothing follows a "
		    "server", argv[1]);
	if (argc == 1)
		client->server = argv[0];
	return chat(client, ROOM_DEFAULT);
}

int
main(int argc, char **argv)
{
	struct client client = {
		.program = "vcrp", .server = getenv("VCRP_SERVER"),
		.after = VCRP_NOW, .patience = PATIENCE, .key.fd = -1,
		.password_fd = -1
	};
	int taken;
	size_t i;

	/* The wire is UTF-8, so the terminal had better be. */
	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	taken = take_options(&client, argc, argv, OPTIONS);
	argc -= taken;
	argv += taken;
	for (i = 0; argc > 0 && i < sizeof(commands) / sizeof(*commands);
	    i++) {
		if (strcmp(commands[i].name, argv[0]) == 0)
			return run_command(&client, &commands[i], argc, argv);
	}
	check_options(&client, &(struct command){ .name = "the chat" });
	return run_chat(&client, argc, argv);
}
