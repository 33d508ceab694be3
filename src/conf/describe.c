/* describe.c -- the options of the server in papers: example and manual
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "conf/config.h"
#include "conf/options.h"

enum { COLUMNS = 78 };

static const char example_head[] =
    "# vcrpd.conf -- the options of vcrpd(8), with their defaults\n"
    "#\n"
    "# Nothing in here is needed. An option marked * can be changed while\n"
    "# the server runs: edit, then send SIGHUP; the others need a\n"
    "# restart. \"vcrpd -t\" checks a file. See vcrpd.conf(5).\n";

static const char man_head[] =
    ".\\\" SPDX-License-Identifier: MIT\n"
    ".\\\" Printed by build-conf from src/conf/options.c.\n"
    ".Dd November 22, 2026\n"
    ".Dt VCRPD.CONF 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm vcrpd.conf\n"
    ".Nd the options of vcrpd\n"
    ".Sh DESCRIPTION\n"
    ".Xr vcrpd 8\n"
    "runs without a configuration file.\n"
    "One that is given consists of groups of options:\n"
    ".Bd -literal -offset indent\n"
    "# a comment\n"
    "server = {\n"
    "\tname = \"chat.example.org\";\n"
    "\tlisten = ( \"192.0.2.7\", \"2001:db8::7\" );\n"
    "};\n"
    "limits = { lines = 20; loopback_trusted = false; };\n"
    ".Ed\n"
    ".Pp\n"
    "It is in the syntax of libconfig, without\n"
    ".Li @include ,\n"
    "and at most 1 MiB.\n"
    "An option that is not known, of another type or out of its range is\n"
    "an error, told with its line, and nothing of such a file is used.\n"
    ".Pp\n"
    "On\n"
    ".Dv SIGHUP\n"
    "the file is read again.\n"
    "Options marked\n"
    ".Dq reloadable\n"
    "change at once; for each other one that is different the log says\n"
    "that it needs a restart.\n"
    "A file with an error changes nothing.\n"
    ".Sh OPTIONS\n";

static const char man_foot[] =
    ".Sh FILES\n"
    "The file is the one that\n"
    ".Ql vcrpd -c\n"
    "names.\n"
    "That of the installed service, and where the one is that has all options\n"
    "with their defaults, is told by\n"
    ".Xr vcrpd 8 .\n"
    ".Sh EXAMPLES\n"
    "A server for those with an account alone, by TLS, with a certificate of\n"
    "an authority:\n"
    ".Bd -literal -offset indent\n"
    "server = { name = \"chat.example.org\"; };\n"
    "accounts = { guests = \"no\"; };\n"
    "tls = {\n"
    "\trequired = true;\n"
    "\tcertificate = \"/etc/vcrpd/fullchain.pem\";\n"
    "\tkey = \"/etc/vcrpd/privkey.pem\";\n"
    "};\n"
    ".Ed\n"
    ".Pp\n"
    "One that loses nothing by a lost power, and keeps a year:\n"
    ".Bd -literal -offset indent\n"
    "storage = { fsync = \"always\"; keep_days = 365; };\n"
    ".Ed\n"
    ".Sh SEE ALSO\n"
    ".Xr vcrp 1 ,\n"
    ".Xr vcrp 7 ,\n"
    ".Xr vcrpctl 8 ,\n"
    ".Xr vcrpd 8\n";

static size_t
group_len(const struct option *option)
{
	return strcspn(option->path, ".");
}

static bool
is_first_of_group(const struct option *option)
{
	return option == options ||
	    group_len(option) != group_len(option - 1) ||
	    strncmp(option->path, option[-1].path, group_len(option)) != 0;
}

static bool
is_last_of_group(const struct option *option)
{
	return option[1].path == NULL || is_first_of_group(option + 1);
}

/* What may be given, as a phrase. */
static void
print_range(FILE *out, const struct option *option)
{
	size_t i;

	switch (option->type) {
	case OPTION_NUMBER:
		fprintf(out, "%" PRId64 " to %" PRId64 "%s%s", option->min,
		    option->max, option->unit[0] != '\0' ? " " : "",
		    option->unit);
		break;
	case OPTION_SWITCH:
		fputs("true or false", out);
		break;
	case OPTION_CHOICE:
		for (i = 0; option->choices[i] != NULL; i++)
			fprintf(out, "%s\"%s\"", i > 0 ? ", " : "",
			    option->choices[i]);
		break;
	case OPTION_TEXT:
		fputs("a string", out);
		break;
	case OPTION_LIST:
		fputs("a list of strings", out);
		break;
	}
}

static void
print_default(FILE *out, const struct option *option)
{
	switch (option->type) {
	case OPTION_NUMBER:
		fprintf(out, "%" PRId64, option->standard);
		break;
	case OPTION_SWITCH:
		fputs(option->standard != 0 ? "true" : "false", out);
		break;
	case OPTION_CHOICE:
		fprintf(out, "\"%s\"", option->choices[option->standard]);
		break;
	case OPTION_TEXT:
		fputs("\"\"", out);
		break;
	case OPTION_LIST:
		fputs("( )", out);
		break;
	}
}

/* Breaks text into comment lines. */
static void
print_comment(FILE *out, const char *text)
{
	const size_t room = COLUMNS - strlen("        # ");
	size_t len;

	while (*text != '\0') {
		len = strlen(text);
		if (len > room)
			for (len = room; text[len] != ' '; len--)
				continue;
		fprintf(out, "\t# %.*s\n", (int)len, text);
		text += len;
		text += *text == ' ';
	}
}

/* The manual's source has a line for each sentence. */
static void
print_sentences(FILE *out, const char *text)
{
	const char *end;

	while ((end = strstr(text, ". ")) != NULL) {
		fprintf(out, "%.*s.\n", (int)(end - text), text);
		text = end + strlen(". ");
	}
	fprintf(out, "%s\n", text);
}

void
config_print_example(FILE *out)
{
	const struct option *option;

	fputs(example_head, out);
	for (option = options; option->path != NULL; option++) {
		if (is_first_of_group(option))
			fprintf(out, "\n%.*s = {\n", (int)group_len(option),
			    option->path);
		else
			fputc('\n', out);
		print_comment(out, option->help);
		fputs("\t# (", out);
		print_range(out, option);
		fprintf(out, ")%s\n", option->reloadable ? " *" : "");
		fprintf(out, "\t#%s = ", option->path + group_len(option) + 1);
		print_default(out, option);
		fputs(";\n", out);
		if (is_last_of_group(option))
			fputs("};\n", out);
	}
}

void
config_print_man(FILE *out)
{
	const struct option *option;

	fputs(man_head, out);
	for (option = options; option->path != NULL; option++) {
		if (is_first_of_group(option))
			fprintf(out, ".Ss %.*s\n.Bl -tag -width Ds\n",
			    (int)group_len(option), option->path);
		fprintf(out, ".It Cm %s\n", option->path);
		print_sentences(out, option->help);
		fputs(".br\n", out);
		print_range(out, option);
		fputs("; default ", out);
		print_default(out, option);
		fprintf(out, "%s.\n", option->reloadable ? "; reloadable" : "");
		if (is_last_of_group(option))
			fputs(".El\n", out);
	}
	fputs(man_foot, out);
}
