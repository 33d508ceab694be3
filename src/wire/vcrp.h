/* vcrp.h -- VCRP's own lines: bytes to words
 *
 * SPDX-License-Identifier: MIT
 *
 * The grammar is in doc/vcrp-1.md. Bytes that are not UTF-8, control
 * characters, unknown verbs, missing words and unknown attributes are each
 * refused with the code and a sentence, and the id is found where the
 * attributes were good, so that the refusal can carry it.
 *
 * Threads: any.
 * Locks:   none; no descriptor and no clock either.
 * Memory:  the words point into the line. */
#ifndef WIRE_VCRP_H
#define WIRE_VCRP_H

#include "proto/error.h"
#include "proto/words.h"

enum { WHY_MAX = 128 };

/* One line without its LF (a CR before it is dropped here). why_r has WHY_MAX
 * bytes, is filled unless ERROR_NONE is returned, and is fit to be sent. */
enum error vcrp_parse(struct slice line, struct words *, char *why_r);
/* The id of a line too long to be parsed, from its beginning; or empty. */
struct slice vcrp_peek_id(struct slice beginning);

/* What a first line says of who speaks: another protocol's name, or NULL if
 * it may be VCRP. Looks at the first word or the first 16 bytes. */
const char *vcrp_stranger(struct slice beginning);

#endif
