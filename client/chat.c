/* chat.c -- the terminal: a line to edit below, what happens above it
 *
 * SPDX-License-Identifier: MIT
 *
 * libedit reads the keys through read_key(), which waits for the server too.
 * What comes from there meanwhile is written over the line being edited,
 * which libedit is then told to draw again. */
#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "client/client.h"
#include "client/marks.h"
#include "client/show.h"

#define HISTORY	500	/* lines typed */
#define PAGE	20	/* of what was said earlier */
#define PAGE_MAX	1000

struct chat {
	struct client *client;
	EditLine      *edit;
	History       *history;
	char           room[VCRP_LINE_MAX];	/* that is spoken to; or "" */
	char           prompt[VCRP_LINE_MAX + 4];
	bool           editing;		/* the line is on the screen */
	bool           quitting;
	int64_t        entering;	/* a JOIN that asks for no replay */
	int64_t        backlog;		/* what is shown of it in its place */
	mbstate_t      state;		/* of a character half read */
	struct marks   marks;
};

struct action {
	const char *name;
	const char *words;
	const char *help;
	void      (*run)(struct chat *, char *rest);
};

static size_t
columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

static size_t
width(const wchar_t *text, size_t len)
{
	size_t sum = 0, i;
	int w;

	for (i = 0; i < len; i++) {
		w = wcwidth(text[i]);
		sum += w > 0 ? (size_t)w : 0;
	}
	return sum;
}

/* Of what the terminal shows of it when nothing has to be left out. */
static size_t
text_width(const char *text)
{
	wchar_t wide[2 * VCRP_LINE_MAX];
	size_t len = mbstowcs(wide, text, 2 * VCRP_LINE_MAX);

	return len == (size_t)-1 ? strlen(text) : width(wide, len);
}

/* Goes rows up, and wipes everything from there. */
static void
wipe(size_t rows)
{
	if (rows > 0)
		printf("\033[%zuA", rows);
	fputs("\r\033[J", stdout);
}

/* Takes the line being edited off the screen, to write in its place. */
static void
clear_line(struct chat *chat)
{
	const LineInfoW *line;

	if (!chat->editing)
		return;
	line = el_wline(chat->edit);
	wipe((text_width(chat->prompt) + width(line->buffer,
	    (size_t)(line->cursor - line->buffer))) / columns());
	chat->editing = false;
}

static void
draw_line(struct chat *chat)
{
	if (chat->editing)
		return;
	fflush(stdout);
	chat->editing = true;
	el_set(chat->edit, EL_REFRESH);
}

static void
on_clear(const struct client *client)
{
	clear_line(client->arg);
	fflush(stdout);
}

static void
tell(struct chat *chat, const char *text)
{
	clear_line(chat);
	puts(text);
}

static void
enter(struct chat *chat, const char *room)
{
	marks_enter(&chat->marks, chat->client->v, room);
	snprintf(chat->room, sizeof(chat->room), "%s", room);
	vcrp_safe(chat->prompt, sizeof(chat->prompt) - 3, room, true);
	strcat(chat->prompt, "> ");
}

/* What was said before we came; `last` included. */
static void
show_backlog(struct chat *chat, const char *room, uint64_t last)
{
	if (last > 0)
		chat->backlog = vcrp_history(chat->client->v, room, PAGE,
		    last + 1);
}

/* Nobody asked for it, so nobody wants to know that there is none. */
static bool
is_quiet(const struct chat *chat, const struct vcrp_event *event)
{
	return chat->backlog > 0 && (event->request == chat->backlog ||
	    (event->page == chat->backlog && event->number == 0));
}

static void
on_event(struct client *client, const struct vcrp_event *event)
{
	struct chat *chat = client->arg;
	char text[SHOW_MAX];

	if (marks_note(&chat->marks, event))
		return;
	if (!is_quiet(chat, event) && show_event(event, chat->room, text)) {
		if (marks_cross(&chat->marks, client->v, event))
			tell(chat, "-- read until here --");
		tell(chat, text);
	}
	if (event->kind != VCRP_LINE)
		return;
	if (event->request > 0 && event->request == chat->entering &&
	    strcmp(event->verb, "OK") == 0)
		show_backlog(chat, event->room, event->number);
	if (strcmp(event->verb, "OK") == 0 && event->count > 1 &&
	    strcmp(event->words[0], "JOIN") == 0 && event->request != 0) {
		clear_line(chat);
		enter(chat, event->words[1]);
	} else if (event->out && strcmp(event->room, chat->room) == 0) {
		clear_line(chat);
		enter(chat, "");
	}
}

/* One byte at a time, so that none is taken that another line needs. */
static int
read_byte(struct chat *chat, wchar_t *key_r)
{
	char byte;
	ssize_t n = read(STDIN_FILENO, &byte, 1);

	if (n <= 0)
		return n < 0 && errno == EINTR ? -2 : 0;
	switch (mbrtowc(key_r, &byte, 1, &chat->state)) {
	case (size_t)-2:
		return -2;
	case (size_t)-1:
		chat->state = (mbstate_t){ 0 };
		return -2;
	default:
		return 1;
	}
}

static int
read_key(EditLine *edit, wchar_t *key_r)
{
	struct chat *chat;
	int n = -2;

	el_get(edit, EL_CLIENTDATA, &chat);
	chat->editing = true;
	while (n == -2) {
		if (client_turn(chat->client, STDIN_FILENO,
		    marks_wait(&chat->marks)))
			n = read_byte(chat, key_r);
		marks_tell(&chat->marks, chat->client->v, false);
		draw_line(chat);
	}
	return n;
}

static char *
get_prompt(EditLine *edit)
{
	struct chat *chat;

	el_get(edit, EL_CLIENTDATA, &chat);
	return chat->prompt;
}

static void
check(struct chat *chat, int64_t result)
{
	char text[128];

	if (result >= 0)
		return;
	snprintf(text, sizeof(text), "-- not sent: %s", result == -EAGAIN ?
	    "too much is waiting already" : strerror((int)-result));
	tell(chat, text);
}

static void
run_join(struct chat *chat, char *rest)
{
	char line[VCRP_LINE_MAX];
	int64_t request;

	snprintf(line, sizeof(line), "JOIN %s", rest);
	request = vcrp_request(chat->client->v, line);
	if (strchr(rest, ' ') == NULL)
		chat->entering = request;
	check(chat, request);
}

static void
run_history(struct chat *chat, char *rest)
{
	int count = *rest != '\0' ? atoi(rest) : PAGE;

	if (count < 1 || count > PAGE_MAX)
		tell(chat, "-- /history [1 to 1000]");
	else
		check(chat, vcrp_history(chat->client->v, chat->room,
		    (unsigned)count, 0));
}

static void
run_search(struct chat *chat, char *rest)
{
	if (*rest == '\0')
		tell(chat, "-- /search WORDS");
	else
		check(chat, vcrp_search(chat->client->v, chat->room, PAGE, 0,
		    rest));
}

static void
run_leave(struct chat *chat, char *rest)
{
	check(chat, vcrp_leave(chat->client->v, *rest ? rest : chat->room));
}

static void
run_who(struct chat *chat, char *rest)
{
	char line[2 * VCRP_LINE_MAX];

	snprintf(line, sizeof(line), "WHO %s", *rest ? rest : chat->room);
	check(chat, vcrp_request(chat->client->v, line));
}

static void
run_list(struct chat *chat, char *rest)
{
	char line[VCRP_LINE_MAX];

	snprintf(line, sizeof(line), "LIST%s%s", *rest ? " " : "", rest);
	check(chat, vcrp_request(chat->client->v, line));
}

static void
run_message(struct chat *chat, char *rest)
{
	char who[VCRP_LINE_MAX];
	char *text = strchr(rest, ' ');

	if (text == NULL) {
		tell(chat, "-- /msg NICK TEXT");
		return;
	}
	*text++ = '\0';
	snprintf(who, sizeof(who), "%s%s", *rest == '@' ? "" : "@", rest);
	check(chat, vcrp_say(chat->client->v, who, text));
}

static void
run_raw(struct chat *chat, char *rest)
{
	check(chat, vcrp_request(chat->client->v, rest));
}

static void
run_quit(struct chat *chat, char *rest)
{
	(void)rest;
	chat->quitting = true;
}

static void run_help(struct chat *chat, char *rest);

static const struct action actions[] = {
	{ "help",  "",               "this", run_help },
	{ "history", "[COUNT]",      "what was said last", run_history },
	{ "join",  "ROOM [NUMBER]",  "enter, or move to, a room", run_join },
	{ "leave", "[ROOM]",         "leave this room, or that", run_leave },
	{ "list",  "[PATTERN]",      "which rooms there are", run_list },
	{ "msg",   "NICK TEXT",      "say it to NICK alone", run_message },
	{ "quit",  "",               "leave", run_quit },
	{ "raw",   "LINE",           "send LINE as it stands", run_raw },
	{ "search", "WORDS",         "who said that in the room", run_search },
	{ "who",   "[ROOM]",         "who is in the room", run_who }
};

static void
run_help(struct chat *chat, char *rest)
{
	char text[128];
	size_t i;

	(void)rest;
	for (i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		snprintf(text, sizeof(text), "-- /%-7s %-14s %s",
		    actions[i].name, actions[i].words, actions[i].help);
		tell(chat, text);
	}
	tell(chat, "-- anything else is said in the room; //x says /x");
}

static void
act(struct chat *chat, char *line)
{
	char *rest = line + strcspn(line, " ");
	size_t i;

	if (*rest != '\0')
		*rest++ = '\0';
	for (i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(actions[i].name, line) == 0) {
			actions[i].run(chat, rest);
			return;
		}
	}
	tell(chat, "-- there is no such command: /help");
}

static void
take_line(struct chat *chat, const char *typed)
{
	char line[3 * VCRP_LINE_MAX];
	HistEvent event;

	if (strlen(typed) >= VCRP_LINE_MAX) {
		check(chat, -EMSGSIZE);
		return;
	}
	if (vcrp_safe(line, sizeof(line), typed, false) == 0)
		return;
	history(chat->history, &event, H_ENTER, typed);
	if (line[0] == '/' && line[1] != '/')
		act(chat, line + 1);
	else if (chat->room[0] == '\0')
		tell(chat, "-- you are in no room: /join ROOM");
	else
		check(chat, vcrp_say(chat->client->v, chat->room,
		    line[0] == '/' ? line + 1 : line));
}

static void
on_exit_restore(int status, void *arg)
{
	struct chat *chat = arg;

	(void)status;
	el_end(chat->edit);
	history_end(chat->history);
}

static void
open_terminal(struct chat *chat)
{
	HistEvent event;

	chat->edit = el_init("vcrp", stdin, stdout, stderr);
	chat->history = history_init();
	if (chat->edit == NULL || chat->history == NULL)
		client_fail(chat->client, STATUS_USAGE,
		    "this terminal cannot be used");
	on_exit(on_exit_restore, chat);
	history(chat->history, &event, H_SETSIZE, HISTORY);
	el_set(chat->edit, EL_CLIENTDATA, chat);
	el_set(chat->edit, EL_EDITOR, "emacs");
	el_set(chat->edit, EL_SIGNAL, 1);
	el_set(chat->edit, EL_PROMPT, get_prompt);
	el_set(chat->edit, EL_GETCFN, read_key);
	el_set(chat->edit, EL_HIST, history, chat->history);
	chat->client->event = on_event;
	chat->client->clear = on_clear;
	chat->client->arg = chat;
}

/* What was typed comes back as an event: once on the screen is enough. */
static void
unecho(const struct chat *chat, const char *typed)
{
	wipe((text_width(chat->prompt) + text_width(typed)) / columns() + 1);
}

static void
run(struct chat *chat)
{
	char typed[2 * VCRP_LINE_MAX];
	const char *line;
	int len;

	while (!chat->quitting) {
		fflush(stdout);
		line = el_gets(chat->edit, &len);
		chat->editing = false;
		if (line == NULL || len <= 0)
			break;
		snprintf(typed, sizeof(typed), "%.*s",
		    (int)strcspn(line, "\n"), line);
		unecho(chat, typed);
		take_line(chat, typed);
	}
}

static void
greet(const struct client *client)
{
	const char *why;
	char none[1];

	fputs("Connected as ", stdout);
	client_print(vcrp_name(client->v));
	puts(vcrp_is_udp(client->v, &why) ? ", by datagrams. /help helps." :
	    ". /help helps.");
	if (vcrp_feature(client->v, "tls", none, sizeof(none)))
		puts("-- not encrypted, but it could be: vcrps://");
}

enum status
chat(struct client *client, const char *room)
{
	/* Outlives this function: on_exit() comes later. */
	struct chat *c = calloc(1, sizeof(*c));

	if (c == NULL)
		client_fail(client, STATUS_USAGE, "%s", strerror(ENOMEM));
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		client_fail(client, STATUS_USAGE, "no terminal here: there is "
		    "vcrp say, and vcrp tail");
	c->client = client;
	client_login(client);
	if (!client->patience_given)
		client->patience = 0;
	if (vcrp_default_room(client->v) != NULL)
		room = vcrp_default_room(client->v);
	greet(client);
	enter(c, "");
	open_terminal(c);
	c->entering = vcrp_join(client->v, room, VCRP_NOW);
	check(c, c->entering);
	run(c);
	clear_line(c);
	marks_tell(&c->marks, client->v, true);
	client->event = NULL;
	client_close(client);
	return STATUS_DONE;
}
