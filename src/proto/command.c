/* command.c -- the commands of VCRP, one row each
 *
 * SPDX-License-Identifier: MIT */
#include "proto/command.h"

static const struct command commands[VERB_COUNT] = {
	[VERB_SAY] = { .verb = VERB_SAY, .name = "SAY", .where = RUN_ROOM, .stores = true,
	    .words = "r", .least = 1, .text = TEXT_MUST,
	    .attributes = ATTR_RE, .cost = 1, .usage = "room text",
	    .help = "says something in a room" },
	[VERB_JOIN] = { .verb = VERB_JOIN, .name = "JOIN", .where = RUN_ROOM,
	    .words = "rz", .least = 1, .cost = 1, .usage = "room [after]",
	    .help = "enters a room; with a number, everything said after "
	    "that number is repeated first" },
	[VERB_HELLO] = { .verb = VERB_HELLO, .name = "HELLO", .where = RUN_LOGIN,
	    .words = "pr", .least = 1, .attributes = ATTR_KEY, .cost = 1,
	    .usage = "nick [room]", .help = "logs in as a guest" },
	[VERB_LEAVE] = { .verb = VERB_LEAVE, .name = "LEAVE", .where = RUN_ROOM,
	    .words = "r", .least = 1, .cost = 1, .usage = "room",
	    .help = "leaves a room" },
	[VERB_EDIT] = { .verb = VERB_EDIT, .name = "EDIT", .where = RUN_ROOM, .stores = true,
	    .words = "rm", .least = 2, .text = TEXT_MUST,
	    .attributes = ATTR_RE, .cost = 1, .usage = "room number text",
	    .help = "replaces the text of a message of one's own" },
	[VERB_DELETE] = { .verb = VERB_DELETE, .name = "DELETE", .where = RUN_ROOM,
	    .stores = true, .words = "rm", .least = 2, .cost = 1,
	    .usage = "room number",
	    .help = "deletes a message of one's own, as a moderator "
	    "anyone's" },
	[VERB_REACT] = { .verb = VERB_REACT, .name = "REACT", .where = RUN_ROOM, .stores = true,
	    .words = "rm", .least = 2, .text = TEXT_MUST, .cost = 1,
	    .usage = "room number text",
	    .help = "reacts to a message; the same again takes it back" },
	[VERB_SIGNAL] = { .verb = VERB_SIGNAL, .name = "SIGNAL", .where = RUN_ROOM,
	    .words = "r", .least = 1, .text = TEXT_MUST,
	    .attributes = ATTR_RE, .cost = 1, .usage = "room text",
	    .help = "tells the members something that is not kept" },
	[VERB_WHO] = { .verb = VERB_WHO, .name = "WHO", .where = RUN_ROOM,
	    .words = "r", .least = 1, .cost = 2, .usage = "room",
	    .help = "lists the members of a room" },
	[VERB_LIST] = { .verb = VERB_LIST, .name = "LIST", .where = RUN_IO,
	    .words = "w", .least = 0, .cost = 20, .usage = "[pattern]",
	    .help = "lists the rooms whose names hold the pattern (* and ? "
	    "as a shell has them); @ lists one's direct conversations" },
	[VERB_HISTORY] = { .verb = VERB_HISTORY, .name = "HISTORY",
	    .where = RUN_ROOM, .words = "rcm", .least = 2, .cost = 2,
	    .usage = "room count [before]",
	    .help = "gives the newest events of a room, or those before a "
	    "number" },
	[VERB_SEARCH] = { .verb = VERB_SEARCH, .name = "SEARCH",
	    .where = RUN_ROOM, .words = "rc", .least = 2, .text = TEXT_MUST,
	    .attributes = ATTR_BEFORE, .cost = 20,
	    .usage = "room count text",
	    .help = "gives the newest messages of a room that hold all the "
	    "words; @before=NUMBER goes on below that number" },
	[VERB_SET] = { .verb = VERB_SET, .name = "SET", .where = RUN_ROOM,
	    .words = "rw", .least = 2, .text = TEXT_MAY, .cost = 1,
	    .usage = "room key [value]",
	    .help = "sets a room's topic, hidden, members-only, moderated, "
	    "ephemeral, keep, slow or calm; without a value sets it back" },
	[VERB_ROLE] = { .verb = VERB_ROLE, .name = "ROLE", .where = RUN_ROOM,
	    .words = "rpw", .least = 3, .attributes = ATTR_FOR, .cost = 1,
	    .usage = "room name role",
	    .help = "makes somebody owner, moderator, voice, member, none, "
	    "muted or banned; @for=1h bounds it" },
	[VERB_KICK] = { .verb = VERB_KICK, .name = "KICK", .where = RUN_ROOM,
	    .words = "rp", .least = 2, .text = TEXT_MAY, .cost = 1,
	    .usage = "room name [reason]",
	    .help = "throws somebody out of a room" },
	[VERB_PING] = { .verb = VERB_PING, .name = "PING", .where = RUN_BOTH,
	    .words = "", .least = 0, .text = TEXT_MAY, .cost = 1,
	    .usage = "[text]", .help = "asks for a PONG" },
	[VERB_PONG] = { .verb = VERB_PONG, .name = "PONG", .where = RUN_BOTH,
	    .words = "", .least = 0, .text = TEXT_MAY, .cost = 0,
	    .usage = "[text]", .help = "answers a PING" },
	[VERB_HELP] = { .verb = VERB_HELP, .name = "HELP", .where = RUN_BOTH,
	    .words = "w", .least = 0, .cost = 2, .usage = "[verb or code]",
	    .help = "explains a command or an error code in a sentence" },
	[VERB_QUIT] = { .verb = VERB_QUIT, .name = "QUIT", .where = RUN_BOTH,
	    .words = "", .least = 0, .text = TEXT_MAY, .cost = 0,
	    .usage = "[reason]", .help = "ends the connection" },
	[VERB_AUTH] = { .verb = VERB_AUTH, .name = "AUTH", .where = RUN_LOGIN,
	    .words = "ww", .least = 1, .cost = 1,
	    .usage = "mechanism [data]",
	    .help = "logs in with a password or a certificate, by SASL; "
	    "AUTH data goes on, AUTH * gives up" },
	[VERB_REGISTER] = { .verb = VERB_REGISTER, .name = "REGISTER",
	    .where = RUN_LOGIN, .words = "pw", .least = 2,
	    .attributes = ATTR_KEY, .cost = 1, .usage = "name verifier",
	    .help = "makes an account; @key=TOKEN is the invitation that it "
	    "may need" },
	[VERB_PASSWD] = { .verb = VERB_PASSWD, .name = "PASSWD",
	    .where = RUN_STORE, .words = "w", .least = 1, .cost = 1,
	    .usage = "verifier", .help = "changes one's own password" },
	[VERB_READ] = { .verb = VERB_READ, .name = "READ", .where = RUN_ROOM,
	    .words = "rm", .least = 2, .cost = 1, .usage = "room number",
	    .help = "marks a room as read up to a number, for all of one's "
	    "connections" },
	[VERB_UDP] = { .verb = VERB_UDP, .name = "UDP", .where = RUN_IO,
	    .words = "", .least = 0, .cost = 5, .usage = "",
	    .help = "begins a session of sealed datagrams, which is another "
	    "connection of one's own" },
	[VERB_ACCOUNT] = { .verb = VERB_ACCOUNT, .name = "ACCOUNT",
	    .where = RUN_STORE, .admin = true, .words = "wpw", .least = 1,
	    .attributes = ATTR_FOR, .cost = 1,
	    .usage = "action [name] [value]",
	    .help = "adds, lists and changes accounts, and invites" },
	[VERB_STATS] = { .verb = VERB_STATS, .name = "STATS", .where = RUN_VISIT, .admin = true,
	    .words = "w", .least = 0, .cost = 1,
	    .usage = "[rooms or connections]",
	    .help = "tells the server's counters" },
	[VERB_NOTICE] = { .verb = VERB_NOTICE, .name = "NOTICE", .where = RUN_VISIT,
	    .admin = true, .words = "", .least = 0, .text = TEXT_MUST,
	    .cost = 1, .usage = "text", .help = "tells everybody something" },
	[VERB_KILL] = { .verb = VERB_KILL, .name = "KILL", .where = RUN_VISIT, .admin = true,
	    .words = "w", .least = 1, .text = TEXT_MAY, .cost = 1,
	    .usage = "name or connection [reason]",
	    .help = "ends somebody's connections" },
	[VERB_RELOAD] = { .verb = VERB_RELOAD, .name = "RELOAD", .where = RUN_MAIN,
	    .admin = true, .words = "", .least = 0, .cost = 1, .usage = "",
	    .help = "reads the configuration again" },
	[VERB_RETRY] = { .verb = VERB_RETRY, .name = "RETRY",
	    .where = RUN_ROOM, .admin = true, .words = "r", .least = 1,
	    .cost = 1, .usage = "room",
	    .help = "lets a room whose disk has failed write again" },
	[VERB_BACKUP] = { .verb = VERB_BACKUP, .name = "BACKUP",
	    .where = RUN_MAIN, .admin = true, .words = "", .least = 0,
	    .text = TEXT_MUST, .cost = 1, .usage = "directory",
	    .help = "copies all data, as it is now, into a new directory of "
	    "the server's machine" },
	[VERB_BAN] = { .verb = VERB_BAN, .name = "BAN", .where = RUN_VISIT,
	    .admin = true, .words = "", .least = 0, .text = TEXT_MAY,
	    .attributes = ATTR_FOR, .cost = 1,
	    .usage = "[network [reason]]",
	    .help = "keeps an address or a network out, and ends the "
	    "connections from there; @for=1h bounds it; alone it lists" },
	[VERB_UNBAN] = { .verb = VERB_UNBAN, .name = "UNBAN",
	    .where = RUN_VISIT, .admin = true, .words = "w", .least = 1,
	    .cost = 1, .usage = "network",
	    .help = "lets a network in again" },
	[VERB_CALM] = { .verb = VERB_CALM, .name = "CALM", .where = RUN_MAIN,
	    .admin = true, .words = "z", .least = 0, .cost = 1,
	    .usage = "[seconds]",
	    .help = "lets guests and young accounts say one thing in so many "
	    "seconds, 0 being no bound; alone it tells" },
	[VERB_DRAIN] = { .verb = VERB_DRAIN, .name = "DRAIN", .where = RUN_MAIN, .admin = true,
	    .words = "z", .least = 0, .cost = 1, .usage = "[seconds]",
	    .help = "takes no more connections and sends everybody away, "
	    "to come back within the time given" },
	[VERB_SHUTDOWN] = { .verb = VERB_SHUTDOWN, .name = "SHUTDOWN", .where = RUN_MAIN,
	    .admin = true, .words = "", .least = 0, .cost = 1, .usage = "",
	    .help = "stops the server" },
};

const struct command *
command_at(enum verb v)
{
	return &commands[v];
}

const struct command *
command_find(struct slice name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (slice_is_nocase(name, commands[i].name))
			return &commands[i];
	return NULL;
}
