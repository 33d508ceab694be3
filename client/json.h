/* json.h -- an event as an object of JSON, on one line
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

/* With its LF. */
void json_event(FILE *, const struct vcrp_event *);

#endif
