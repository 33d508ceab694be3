/* client.c -- what the commands of vcrp have in common
 *
 * SPDX-License-Identifier: MIT */
#include "client/client.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "client/trust.h"

#define NICK_SIZE	33

int64_t
client_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
client_now(void)
{
	return client_now_us() / 1000;
}

__attribute__((format(printf, 2, 0))) static void
complain(const struct client *client, const char *format, va_list args)
{
	char text[2 * VCRP_LINE_MAX], safe[2 * VCRP_LINE_MAX];

	vsnprintf(text, sizeof(text), format, args);
	vcrp_safe(safe, sizeof(safe), text, true);
	if (client->clear != NULL)
		client->clear(client);
	fprintf(stderr, "%s: %s\n", client->program, safe);
}

void
client_warn(const struct client *client, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(client, format, args);
	va_end(args);
}

void
client_fail(const struct client *client, enum status status,
    const char *format, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, format);
	complain(client, format, args);
	va_end(args);
	exit(status);
}

void
client_refused(const struct client *client, const struct vcrp_event *event)
{
	const char *text = event->text != NULL ? event->text : "";

	if (event->request == 0 && event->room == NULL) {
		client_warn(client, "%s: %s", event->code, text);
		return;
	}
	if (event->room != NULL)
		client_fail(client, STATUS_REFUSED, "%s: %s: %s",
		    event->room, event->code, text);
	client_fail(client, STATUS_REFUSED, "%s: %s", event->code, text);
}

void
client_impossible(const struct client *client, const char *what,
    int64_t error)
{
	if (error == -EINVAL)
		client_fail(client, STATUS_USAGE, "%s: this cannot be sent",
		    what);
	client_fail(client, error == -EMSGSIZE ? STATUS_USAGE :
	    STATUS_REFUSED, "%s: %s", what, strerror((int)-error));
}

void
client_print(const char *text)
{
	char safe[VCRP_LINE_MAX * 3];

	vcrp_safe(safe, sizeof(safe), text, isatty(STDOUT_FILENO) == 1);
	fputs(safe, stdout);
}

/* The user's name as a nick: what a nick cannot hold becomes '-'. */
static void
default_nick(char *nick_r)
{
	const char *name = getenv("USER");
	const struct passwd *user;
	size_t len = 0;

	if (name == NULL || *name == '\0') {
		user = getpwuid(getuid());
		name = user != NULL ? user->pw_name : "";
	}
	for (; *name != '\0' && len < NICK_SIZE - 1; name++) {
		if (isascii(*name) && (isalnum(*name) || *name == '_'))
			nick_r[len++] = *name;
		else if (len > 0)
			nick_r[len++] = '-';
	}
	while (len > 0 && nick_r[len - 1] == '-')
		len--;
	nick_r[len] = '\0';
	if (len == 0)
		strcpy(nick_r, "guest");
}

/* The same nick for a second program, and for who finds theirs taken. */
static void
add_suffix(char *nick)
{
	const char *marks = "abcdefghjkmnpqrstuvwxyz23456789";
	unsigned char bytes[4];
	size_t i, len = strlen(nick);

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return;
	if (len > NICK_SIZE - 6)
		len = NICK_SIZE - 6;
	nick[len++] = '-';
	for (i = 0; i < sizeof(bytes); i++)
		nick[len++] = marks[bytes[i] % strlen(marks)];
	nick[len] = '\0';
}

static void
open_again(struct client *client)
{
	const struct vcrp_options options = {
		.server = client->server,
		.nick = client->called,
		.key = client->with_key ? client->key.text : NULL,
		.user = client->user,
		.password = client->user != NULL ? client->password : NULL,
		.fingerprint = client->pin[0] != '\0' ? client->pin :
		    client->fingerprint,
		.certificate = client->certificate,
		.certificate_key = client->certificate_key,
		.external = client->external || client->certificate != NULL,
		.visitor = client->visitor,
		.udp = client->udp,
		.keylog = client->keylog,
		.once = client->external,
		.timeout = client->patience > 0 && client->patience < 10000 ?
		    client->patience : 0
	};
	const char *why;

	vcrp_free(&client->v);
	client->v = vcrp_new(&options, &why);
	if (client->v == NULL)
		client_fail(client, STATUS_USAGE, "%s: %s",
		    client->server != NULL ? client->server : "localhost",
		    why);
}

/* The library makes it, too, but cannot say what is wrong with it. */
static void
check_keylog(const struct client *client)
{
	int fd;

	if (client->keylog == NULL)
		return;
	fd = open(client->keylog, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY, 0600);
	if (fd < 0)
		client_fail(client, STATUS_USAGE, "--keylog: %s: %s",
		    client->keylog, strerror(errno));
	close(fd);
}

static bool
lock_key(struct client *client)
{
	char address[VCRP_LINE_MAX];
	const char *server = client->server;

	return !client->external && client->user == NULL &&
	    client->certificate == NULL && !client->visitor &&
	    vcrp_address(server != NULL ? server : "localhost", address,
	    sizeof(address)) && key_open(&client->key, address,
	    client->called);
}

/* The end of a struct vcrp; false when another name, or the certificate that
 * is trusted now, may help. */
static bool
accept_end(struct client *client, const struct vcrp_event *event)
{
	const char *code = event->code;

	if ((strcmp(code, "name-taken") == 0 ||
	    strcmp(code, "name-reserved") == 0) && client->nick == NULL &&
	    client->user == NULL && !client->was_up) {
		add_suffix(client->called);
		client->with_key = false;
		return false;
	}
	if (strcmp(code, "certificate") == 0) {
		trust_decide(client, event->text);
		return false;
	}
	if (client->may_end)
		exit(STATUS_DONE);
	if (strcmp(code, "unproved") == 0)
		client_fail(client, STATUS_UNREACHED, "this is not the server "
		    "that knows %s: %s", client->user, event->text);
	if (strcmp(code, "closed") == 0)
		client_fail(client, STATUS_UNREACHED, "no connection: %s",
		    event->text);
	if (strcmp(code, "not-vcrp") == 0)
		client_fail(client, STATUS_UNREACHED, "%s", event->text);
	if (client->user == NULL && (strncmp(code, "name-", 5) == 0 ||
	    strcmp(code, "bad-name") == 0))
		client_fail(client, STATUS_REFUSED, "%s: %s: %s",
		    client->called, code, event->text);
	client_fail(client, STATUS_REFUSED, "%s%s%s", code,
	    event->text[0] != '\0' ? ": " : "", event->text);
}

/* Who asked for datagrams is told when there are none. */
static void
tell_transport(const struct client *client)
{
	const char *why;

	if (!vcrp_is_udp(client->v, &why) && why[0] != '\0')
		client_warn(client, "no datagrams, on by the stream: %s", why);
}

static bool
handle(struct client *client, const struct vcrp_event *event)
{
	if (event->kind == VCRP_END)
		return accept_end(client, event);
	if (client->was_up && client->event != NULL)
		client->event(client, event);
	if (event->kind == VCRP_UP) {
		client->was_up = true;
		client->why[0] = '\0';
		tell_transport(client);
	} else if (event->kind == VCRP_DOWN) {
		if (client->why[0] == '\0')
			client->down_since = client_now();
		snprintf(client->why, sizeof(client->why), "%s", event->text);
	}
	return true;
}

/* How long to go on without a connection; -1 for ever. */
static int
patience_left(const struct client *client)
{
	int64_t left;

	if (vcrp_is_up(client->v) || client->patience == 0)
		return -1;
	left = client->down_since + client->patience - client_now();
	if (left <= 0)
		client_fail(client, STATUS_UNREACHED, "no connection: %s",
		    client->why[0] != '\0' ? client->why : "no answer");
	return left < INT32_MAX ? (int)left : INT32_MAX;
}

static int
least(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* One poll(); false when it is to be begun again. */
static bool
turn(struct client *client, int fd, int timeout, bool *readable_r)
{
	struct pollfd items[2] = {
		{ .fd = vcrp_fd(client->v),
		  .events = vcrp_events(client->v) },
		{ .fd = fd, .events = POLLIN }
	};
	struct vcrp_event event;
	bool good = true;

	timeout = least(timeout, least(vcrp_timeout(client->v),
	    patience_left(client)));
	*readable_r = poll(items, 2, timeout) > 0 && items[1].revents != 0;
	vcrp_step(client->v);
	while (good && vcrp_next(client->v, &event))
		good = handle(client, &event);
	return good;
}

bool
client_turn(struct client *client, int fd, int timeout)
{
	bool readable;

	turn(client, fd, timeout, &readable);
	return readable;
}

void
client_take_password(struct client *client, const char *prompt)
{
	const char *why;
	bool good;

	if (client->password_file != NULL)
		good = password_from_file(client->password_file,
		    client->password, &why);
	else if (client->password_fd >= 0)
		good = password_from(client->password_fd, client->password,
		    &why);
	else
		good = password_ask(prompt, client->password, &why);
	if (!good)
		client_fail(client, STATUS_USAGE, "password: %s%s%s",
		    client->password_file != NULL ? client->password_file : "",
		    client->password_file != NULL ? ": " : "", why);
}

void
client_new_password(const struct client *client, char *text_r)
{
	char again[PASSWORD_SIZE];
	const char *why = "these are two";
	bool good;

	if (isatty(STDIN_FILENO)) {
		good = password_ask("New password", text_r, &why) &&
		    password_ask("The same again", again, &why);
		if (good && strcmp(text_r, again) != 0) {
			good = false;
			why = "these are two";
		}
		explicit_bzero(again, sizeof(again));
	} else {
		good = password_from(STDIN_FILENO, text_r, &why);
	}
	if (!good)
		client_fail(client, STATUS_USAGE, "password: %s", why);
}

/* Who to be, and what of it has to be asked for. */
static void
be_somebody(struct client *client)
{
	char prompt[VCRP_LINE_MAX];

	if (client->certificate != NULL || client->visitor ||
	    client->external) {
		client->user = NULL;
		return;
	}
	if (client->user == NULL && client->server != NULL &&
	    vcrp_user(client->server, client->user_of_server,
	    sizeof(client->user_of_server)))
		client->user = client->user_of_server;
	if (client->user == NULL || client->password[0] != '\0')
		return;
	snprintf(prompt, sizeof(prompt), "Password of %.64s", client->user);
	client_take_password(client, prompt);
}

void
client_login(struct client *client)
{
	bool readable;

	check_keylog(client);
	be_somebody(client);
	trust_prepare(client);
	if (client->nick != NULL)
		snprintf(client->called, sizeof(client->called), "%s",
		    client->nick);
	else
		default_nick(client->called);
	client->with_key = lock_key(client);
	open_again(client);
	client->down_since = client_now();
	while (!vcrp_is_up(client->v)) {
		if (!turn(client, -1, -1, &readable))
			open_again(client);
	}
	trust_note(client);
	explicit_bzero(client->password, sizeof(client->password));
}

void
client_address(const struct sockaddr *at, socklen_t len,
    char address_r[CLIENT_ADDRESS_SIZE])
{
	char host[NI_MAXHOST], port[8];

	if (getnameinfo(at, len, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		host[0] = port[0] = '\0';
	snprintf(address_r, CLIENT_ADDRESS_SIZE, strchr(host, ':') != NULL ?
	    "[%s]:%s" : "%s:%s", host, port);
}

void
client_close(struct client *client)
{
	struct vcrp_event event;

	vcrp_quit(client->v);
	while (vcrp_wait(client->v, 2000, &event) == 1)
		;
	vcrp_free(&client->v);
	key_close(&client->key);
}
