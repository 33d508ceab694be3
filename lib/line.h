/* line.h -- what a line is made of
 *
 * SPDX-License-Identifier: MIT
 *
 *	["@" attribute *(";" attribute) SP] verb *(SP word) [SP text]
 *
 * How many words come before the text is known by the verb.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  a struct vline points into the text it was cut from. */
#ifndef LIB_LINE_H
#define LIB_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VLINE_MAX	4096	/* with its LF */
#define VLINE_TEXT_MAX	3072
#define VLINE_WORDS	6
#define VLINE_NUMBER_MAX	((UINT64_C(1) << 53) - 1)

/* Both directions: what a server sends and what a client asks for. */
enum vverb {
	VERB_OTHER,
	VERB_AUTH,
	VERB_AT,
	VERB_BYE,
	VERB_DELETE,
	VERB_EDIT,
	VERB_ERR,
	VERB_GAP,
	VERB_HELP,
	VERB_HISTORY,
	VERB_JOIN,
	VERB_LEAVE,
	VERB_LIST,
	VERB_MSG,
	VERB_NAMES,
	VERB_NOTICE,
	VERB_OK,
	VERB_PAGE,
	VERB_PING,
	VERB_PONG,
	VERB_QUIT,
	VERB_REACT,
	VERB_READ,
	VERB_RESET,
	VERB_ROLE,
	VERB_ROOM,
	VERB_SAY,
	VERB_SEARCH,
	VERB_SET,
	VERB_SIGNAL,
	VERB_STAT,
	VERB_STATS,
	VERB_VCRP,
	VERB_WHO
};

struct vline {
	const char *attributes;	/* without the '@'; "" for none */
	const char *verb;
	const char *words[VLINE_WORDS];
	const char *text;	/* NULL for none */
	int         count;	/* of words */
	enum vverb  kind;
};

/* Cuts line, which has no line end, where its parts end. False when it has no
 * verb or an empty word. */
bool vline_cut(char *line, struct vline *line_r);
/* The same for a request, whose verbs have other words, and may be written in
 * lower case. */
bool vline_cut_request(char *line, struct vline *line_r);

/* A number of 0 to 2^53 - 1 in decimal digits alone. */
bool vline_number(const char *word, uint64_t *number_r);
/* False when it is not there or does not fit with its NUL. */
bool vline_attribute(const char *attributes, const char *key, char *value_r,
    size_t size);

/* 0 when it may be sent as it is: -EMSGSIZE, or -EINVAL for what is not UTF-8
 * or holds a control character. */
int vline_check(const char *line);
/* A word is not empty and holds no space. */
bool vline_is_word(const char *word);

#endif
