/* utf8.h -- is it UTF-8, and may it stand in a line?
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/slice.h"

enum utf8 {
	UTF8_GOOD,
	UTF8_BROKEN,	/* not UTF-8 (RFC 3629: shortest form, no surrogates) */
	UTF8_CONTROL	/* holds a C0 control other than TAB, DEL or a C1 */
};

enum utf8 utf8_check(struct slice);

#endif
