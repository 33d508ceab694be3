/* utf8.h -- one character after another out of UTF-8
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VUTF8_BROKEN	UINT32_MAX

/* The character at text, which is not at its NUL, and in *len_r its bytes.
 * VUTF8_BROKEN, and 1 byte, for what no character begins with (RFC 3629). */
uint32_t vutf8_decode(const char *text, size_t *len_r);
/* C0 other than TAB, DEL or C1: no line holds these. */
bool vutf8_is_control(uint32_t c);

#endif
