/* json.h -- JSON: an event as an object, on one line
 *
 * SPDX-License-Identifier: MIT
 *
 *	{"verb":"MSG","room":"ops","number":7,"time":1795000000000,
 *	 "name":"bob","text":"hi","id":"x1"}
 *
 * "target" of EDIT, DELETE and REACT is a number, and so is "re"; SET has "key"
 * and "value", ROLE "who" and "role", GAP "from" and "to". Attributes come
 * last, each under its own key; one without a value is true.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef CLIENT_JSON_H
#define CLIENT_JSON_H

#include <stdio.h>

#include "vcrp.h"

/* As one, with its quotes; text is UTF-8. */
void json_string(FILE *, const char *text);
/* "a,b" as ["a","b"]. */
void json_list(FILE *, const char *list);
/* With its LF. */
void json_event(FILE *, const struct vcrp_event *);

#endif
