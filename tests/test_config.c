/* test_config.c -- options: their file, their reload, their example
 *
 * SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/config.h"
#include "conf/options.h"
#include "suite.h"

static char dir[] = "/tmp/test_config.XXXXXX";
static char path[64];

/* What was told, each fault ended by LF, the file's path shown as FILE. */
static char told[4096];

static void
tell(const char *text, void *arg)
{
	size_t n = strlen(told), skip = 0;

	CU_ASSERT_PTR_EQUAL(arg, told);
	if (strncmp(text, path, strlen(path)) == 0)
		skip = strlen(path);
	snprintf(told + n, sizeof(told) - n, "%s%s\n", skip > 0 ? "FILE" : "",
	    text + skip);
}

static void
write_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_EQUAL(fwrite(text, 1, len, file), len);
	CU_ASSERT_EQUAL(fclose(file), 0);
}

static int
load(struct config *config, const char *text)
{
	told[0] = '\0';
	write_file(text, strlen(text));
	return config_load(config, path, tell, told);
}

/* Everything in a config as text, to compare two of them. */
static char *
dump(const struct config *config)
{
	const struct option *option;
	char *text, **list;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (option = options; option->path != NULL; option++) {
		fprintf(out, "%s", option->path);
		if (option->type == OPTION_TEXT)
			fprintf(out, " %s", *option_text(config, option));
		else if (option->type == OPTION_LIST)
			for (list = *option_list(config, option); *list != NULL;
			     list++)
				fprintf(out, " %s", *list);
		else
			fprintf(out, " %lld",
			    (long long)*option_number(config, option));
		fputc('\n', out);
	}
	fclose(out);
	return text;
}

static bool
equal(const struct config *a, const struct config *b)
{
	char *text_a = dump(a), *text_b = dump(b);
	bool same = strcmp(text_a, text_b) == 0;

	free(text_a);
	free(text_b);
	return same;
}

/* Loads text and expects these faults, and nothing changed by them. */
static void
faulty(const char *text, const char *faults)
{
	struct config *config = config_new(), *untouched = config_new();
	const char *at;
	int n = 0;

	for (at = faults; *at != '\0'; at++)
		n += *at == '\n';
	CU_ASSERT_EQUAL(load(config, text), n);
	CU_ASSERT_STRING_EQUAL(told, faults);
	if (strcmp(told, faults) != 0)
		printf("\n    told %s    not  %s", told, faults);
	CU_ASSERT(equal(config, untouched));
	config_free(&config);
	config_free(&untouched);
}

static void
defaults_are_as_documented(void)
{
	struct config *config = config_new();

	CU_ASSERT_STRING_EQUAL(config->server_name, "");
	CU_ASSERT_EQUAL(config_get(&config->server_port), 3073);
	CU_ASSERT_PTR_NULL(config->server_listen[0]);
	CU_ASSERT_EQUAL(config_get(&config->log_target), LOG_TO_STDERR);
	CU_ASSERT_EQUAL(config_get(&config->log_level), LEVEL_INFO);
	CU_ASSERT_EQUAL(config_get(&config->limits_loopback_trusted), 1);
	CU_ASSERT_EQUAL(config_get(&config->rooms_create), CREATE_GUESTS);
	CU_ASSERT_EQUAL(config_get(&config->rooms_window), 1024);
	config_free(&config);
	CU_ASSERT_PTR_NULL(config);
	config_free(&config);
}

static void
loads_every_type(void)
{
	struct config *config = config_new();

	CU_ASSERT_EQUAL(
	    load(config,
		"# a comment\n"
		"server: { name = \"chat.example.org\"; port = 0L;\n"
		" listen = ( \"127.0.0.1\", \"::1\" ); socket = \"none\"; };\n"
		"log = { target = \"journal\"; level = \"debug\"; }\n"
		"rooms = { create = \"administrators\"; window = 1048576; };\n"
		"limits = { loopback_trusted = false; lines = 0; };\n"),
	    0);
	CU_ASSERT_STRING_EQUAL(told, "");
	CU_ASSERT_STRING_EQUAL(config->server_name, "chat.example.org");
	CU_ASSERT_EQUAL(config_get(&config->server_port), 0);
	CU_ASSERT_STRING_EQUAL(config->server_listen[0], "127.0.0.1");
	CU_ASSERT_STRING_EQUAL(config->server_listen[1], "::1");
	CU_ASSERT_PTR_NULL(config->server_listen[2]);
	CU_ASSERT_STRING_EQUAL(config->server_socket, "none");
	CU_ASSERT_EQUAL(config_get(&config->log_target), LOG_TO_JOURNAL);
	CU_ASSERT_EQUAL(config_get(&config->log_level), LEVEL_DEBUG);
	CU_ASSERT_EQUAL(
	    config_get(&config->rooms_create), CREATE_ADMINISTRATORS);
	CU_ASSERT_EQUAL(config_get(&config->rooms_window), 1048576);
	CU_ASSERT_EQUAL(config_get(&config->limits_loopback_trusted), 0);
	CU_ASSERT_EQUAL(config_get(&config->limits_lines), 0);

	/* What a later file does not name stays; empty means empty. */
	CU_ASSERT_EQUAL(load(config,
			    "server = { name = \"\"; listen = ( ); "
			    "};\n"),
	    0);
	CU_ASSERT_STRING_EQUAL(config->server_name, "");
	CU_ASSERT_PTR_NULL(config->server_listen[0]);
	CU_ASSERT_STRING_EQUAL(config->server_socket, "none");
	CU_ASSERT_EQUAL(
	    load(config, "server = { listen = [ \"::\" ]; };\n"), 0);
	CU_ASSERT_STRING_EQUAL(config->server_listen[0], "::");
	CU_ASSERT_EQUAL(load(config, ""), 0);
	config_free(&config);
}

static void
tells_every_fault_with_its_line(void)
{
	faulty("server = { port = 70000; };\n",
	    "FILE:1: server.port: must be 0 to 65535\n");
	faulty("server = {\n port = -1;\n};\nlimits = {\n burst = 0;\n};\n",
	    "FILE:2: server.port: must be 0 to 65535\n"
	    "FILE:5: limits.burst: must be 1 to 1000000 lines\n");
	faulty("limits = { burst = 4294967297L; };\n",
	    "FILE:1: limits.burst: must be 1 to 1000000 lines\n");
	faulty("server = { port = 1; };\n\nserver2 = { };\n",
	    "FILE:3: server2: unknown option\n");
	faulty("server = { name = \"a\"; prot = 1; };\n",
	    "FILE:1: server.prot: unknown option\n");
	faulty("port = 3073;\n", "FILE:1: port: unknown option\n");
	faulty(
	    "server = 3073;\n", "FILE:1: server: must be a group, { ... }\n");
	faulty("log = { level = \"loud\"; };\n",
	    "FILE:1: log.level: must be warn, info or debug\n");
	faulty("log = { level = 1; };\n",
	    "FILE:1: log.level: must be warn, info or debug\n");
}

static void
tells_wrong_types(void)
{
	static const char *const numbers[] = {
		"1.0",
		"\"1\"",
		"true",
		"( 1 )",
		"[ 1 ]",
		"{ a = 1; }",
	};
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(text, sizeof(text), "server = { port = %s; };\n",
		    numbers[i]);
		faulty(text, "FILE:1: server.port: must be a number\n");
	}
	faulty("limits = { loopback_trusted = 1; };\n",
	    "FILE:1: limits.loopback_trusted: must be true or false\n");
	faulty("server = { name = 1; };\n",
	    "FILE:1: server.name: must be a string\n");
	faulty("server = { listen = 1; };\n",
	    "FILE:1: server.listen: must be a list of strings\n");
	faulty("server = { listen = \"::1\"; };\n",
	    "FILE:1: server.listen: must be a list of strings\n");
	faulty("server = { listen = { a = \"::1\"; }; };\n",
	    "FILE:1: server.listen: must be a list of strings\n");
	faulty("server = { listen = ( \"::1\", 1 ); };\n",
	    "FILE:1: server.listen: must be a list of strings\n");
}

static void
checks_strings(void)
{
	char text[1024];
	int i, n;

	faulty("server = { name = \"a b\"; };\n",
	    "FILE:1: server.name: "
	    "must be letters, digits, '.', '_', and '-' inside\n");
	faulty("server = { name = \"-a\"; };\n",
	    "FILE:1: server.name: "
	    "must be letters, digits, '.', '_', and '-' inside\n");
	faulty("server = { listen = ( \"::1\", \"localhost\" ); };\n",
	    "FILE:1: server.listen: must be numeric addresses\n");
	snprintf(text, sizeof(text), "server = { socket = \"%0108d\"; };\n", 0);
	faulty(text, "FILE:1: server.socket: must be at most 107 bytes\n");
	n = snprintf(text, sizeof(text), "server = { listen = ( \"::\"");
	for (i = 0; i < 64; i++)
		n += snprintf(text + n, sizeof(text) - n, ", \"::\"");
	snprintf(text + n, sizeof(text) - n, " ); };\n");
	faulty(text, "FILE:1: server.listen: must be at most 64\n");
}

static void
tells_what_is_no_configuration(void)
{
	struct config *config = config_new();
	size_t size = (1 << 20) + 1;
	char *big = malloc(size);

	faulty("server = {\n port = ;\n};\n", "FILE:2: syntax error\n");
	faulty("server = { port = 1; port = 2; };\n",
	    "FILE:1: duplicate setting name\n");
	faulty("\n @include \"other\"\n", "FILE:2: @include is not known\n");
	faulty("server = {\n\t@include \"/\"\n};\n",
	    "FILE:2: @include is not known\n");

	told[0] = '\0';
	write_file("server = { };\0 ", 15);
	CU_ASSERT_EQUAL(config_load(config, path, tell, told), 1);
	CU_ASSERT_STRING_EQUAL(told, "FILE: holds a byte of value 0\n");
	told[0] = '\0';
	memset(big, ' ', size);
	write_file(big, size);
	CU_ASSERT_EQUAL(config_load(config, path, tell, told), 1);
	CU_ASSERT_STRING_EQUAL(told, "FILE: is over 1 MiB\n");
	write_file(big, size - 1);
	CU_ASSERT_EQUAL(config_load(config, path, tell, told), 0);
	free(big);
	config_free(&config);
}

static void
no_number_is_taken_for_its_lower_half(void)
{
	struct config *config = config_new();

	faulty("limits = {\n burst = 4294967297; };\n",
	    "FILE:2: a number over 2147483647\n");
	faulty("limits = { burst=0x100000001; };\n",
	    "FILE:1: a number over 2147483647\n");
	faulty("limits = { burst = -99999999999999999999; };\n",
	    "FILE:1: a number over 2147483647\n");
	faulty("limits = { burst = 99999999999999999999L; };\n",
	    "FILE:1: limits.burst: must be 1 to 1000000 lines\n");
	faulty("limits = { burst = 2147483647; };\n",
	    "FILE:1: limits.burst: must be 1 to 1000000 lines\n");
	CU_ASSERT_EQUAL(
	    load(config,
		"# 99999999999\n// 99999999999\n/* \" 99999999999 */\n"
		"server = { name = \"99999999999\"; "
		"socket = \"\\\" 99999999999 #\"; port = 0x10; };\n"),
	    0);
	CU_ASSERT_EQUAL(config_get(&config->server_port), 16);
	CU_ASSERT_STRING_EQUAL(config->server_socket, "\" 99999999999 #");
	config_free(&config);
}

static void
tells_what_cannot_be_read(void)
{
	struct config *config = config_new();

	unlink(path);
	told[0] = '\0';
	CU_ASSERT_EQUAL(config_load(config, path, tell, told), 1);
	CU_ASSERT_STRING_EQUAL(told, "FILE: No such file or directory\n");
	told[0] = '\0';
	CU_ASSERT_EQUAL(config_load(config, dir, tell, told), 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(told, "Is a directory"));
	config_free(&config);
}

static void
deep_nesting_does_no_harm(void)
{
	struct config *config = config_new();
	enum { DEEP = 200000 };
	char *text = calloc(1, DEEP + 1);

	memset(text, '(', DEEP);
	memcpy(text, "server=", strlen("server="));
	CU_ASSERT_EQUAL(load(config, text), 1);
	memset(text, '{', DEEP);
	memcpy(text, "server=", strlen("server="));
	CU_ASSERT_EQUAL(load(config, text), 1);
	free(text);
	config_free(&config);
}

static int
set(struct config *config, const char *option, const char *word)
{
	told[0] = '\0';
	return config_set(config, option, word, tell, told);
}

static void
takes_words_of_the_command_line(void)
{
	struct config *config = config_new(), *untouched = config_new();

	CU_ASSERT_EQUAL(set(config, "server.port", "65536"), 1);
	CU_ASSERT_STRING_EQUAL(told, "server.port: must be 0 to 65535\n");
	CU_ASSERT_EQUAL(set(config, "server.port", "1x"), 1);
	CU_ASSERT_STRING_EQUAL(told, "server.port: must be a number\n");
	CU_ASSERT_EQUAL(set(config, "server.port", "1-2"), 1);
	CU_ASSERT_EQUAL(set(config, "server.port", ""), 1);
	CU_ASSERT_EQUAL(set(config, "server.port", " 1"), 1);
	CU_ASSERT_EQUAL(set(config, "server.port", "0x1"), 1);
	CU_ASSERT_EQUAL(set(config, "server.port", "99999999999999999999"), 1);
	CU_ASSERT_EQUAL(set(config, "server.prot", "1"), 1);
	CU_ASSERT_STRING_EQUAL(told, "server.prot: unknown option\n");
	CU_ASSERT_EQUAL(set(config, "log.level", "loud"), 1);
	CU_ASSERT_EQUAL(set(config, "limits.loopback_trusted", "yes"), 1);
	CU_ASSERT_EQUAL(set(config, "server.listen", "nowhere."), 1);
	CU_ASSERT(equal(config, untouched));

	CU_ASSERT_EQUAL(set(config, "server.port", "0"), 0);
	CU_ASSERT_EQUAL(set(config, "server.data", "/var/lib/x"), 0);
	CU_ASSERT_EQUAL(set(config, "server.listen", "::1"), 0);
	CU_ASSERT_EQUAL(set(config, "log.level", "warn"), 0);
	CU_ASSERT_EQUAL(set(config, "limits.loopback_trusted", "false"), 0);
	CU_ASSERT_EQUAL(config_get(&config->server_port), 0);
	CU_ASSERT_STRING_EQUAL(config->server_data, "/var/lib/x");
	CU_ASSERT_STRING_EQUAL(config->server_listen[0], "::1");
	CU_ASSERT_EQUAL(config_get(&config->log_level), LEVEL_WARN);
	CU_ASSERT_EQUAL(config_get(&config->limits_loopback_trusted), 0);
	config_free(&config);
	config_free(&untouched);
}

static void
a_reload_takes_what_it_may(void)
{
	struct config *live = config_new(), *fresh = config_new();

	CU_ASSERT_EQUAL(config_reload(live, fresh, tell, told), 0);
	CU_ASSERT_EQUAL(
	    load(fresh,
		"server = { port = 1; name = \"a\"; listen = ( \"::1\" ); "
		"stop_timeout = 0; };\n"
		"limits = { lines = 7; loopback_trusted = false; };\n"
		"log = { level = \"warn\"; target = \"syslog\"; };\n"
		"rooms = { window = 64; create = \"accounts\"; };\n"),
	    0);
	CU_ASSERT_EQUAL(config_reload(live, fresh, tell, told), 5);
	CU_ASSERT_STRING_EQUAL(told,
	    "server.name: needs a restart\n"
	    "server.port: needs a restart\n"
	    "server.listen: needs a restart\n"
	    "log.target: needs a restart\n"
	    "rooms.window: needs a restart\n");
	CU_ASSERT_EQUAL(config_get(&live->server_port), 3073);
	CU_ASSERT_EQUAL(config_get(&live->rooms_window), 1024);
	CU_ASSERT_EQUAL(config_get(&live->server_stop_timeout), 0);
	CU_ASSERT_EQUAL(config_get(&live->limits_lines), 7);
	CU_ASSERT_EQUAL(config_get(&live->limits_loopback_trusted), 0);
	CU_ASSERT_EQUAL(config_get(&live->log_level), LEVEL_WARN);
	CU_ASSERT_EQUAL(config_get(&live->rooms_create), CREATE_ACCOUNTS);
	config_free(&live);
	config_free(&fresh);
}

/* Another value for each option. */
static void
disturb(struct config *config)
{
	const struct option *option;
	_Atomic int64_t *number;

	for (option = options; option->path != NULL; option++)
		if (option->type == OPTION_LIST) {
			CU_ASSERT_EQUAL(set(config, option->path, "::1"), 0);
		} else if (option->type == OPTION_TEXT) {
			CU_ASSERT_EQUAL(set(config, option->path, "x"), 0);
		} else {
			number = option_number(config, option);
			*number = option->standard != 0 ? 0 : 1;
		}
}

static void
the_example_holds_the_defaults(void)
{
	struct config *config = config_new(), *defaults = config_new();
	char *text, *at;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	config_print_example(out);
	fclose(out);
	disturb(config);
	CU_ASSERT_EQUAL(load(config, text), 0);
	for (at = text; (at = strstr(at, "\t#")) != NULL; at++)
		if (at[2] != ' ')
			at[1] = ' ';
	CU_ASSERT(!equal(config, defaults));
	CU_ASSERT_EQUAL(load(config, text), 0);
	CU_ASSERT(equal(config, defaults));
	free(text);
	config_free(&config);
	config_free(&defaults);
}

static int
start(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/conf", dir);
	return 0;
}

static int
stop(void)
{
	unlink(path);
	return rmdir(dir);
}

static CU_TestInfo tests[] = { { "defaults are as documented",
				   defaults_are_as_documented },
	{ "loads every type", loads_every_type },
	{ "tells every fault with its line", tells_every_fault_with_its_line },
	{ "tells wrong types", tells_wrong_types },
	{ "checks strings", checks_strings },
	{ "tells what is no configuration", tells_what_is_no_configuration },
	{ "no number is taken for its lower half",
	    no_number_is_taken_for_its_lower_half },
	{ "tells what cannot be read", tells_what_cannot_be_read },
	{ "deep nesting does no harm", deep_nesting_does_no_harm },
	{ "takes words of the command line", takes_words_of_the_command_line },
	{ "a reload takes what it may", a_reload_takes_what_it_may },
	{ "the example holds the defaults", the_example_holds_the_defaults },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "config", start, stop, NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
