/* names.h -- which names there are, and when two of them are the same
 *
 * SPDX-License-Identifier: MIT
 *
 * A nick has 1 to 32 characters in at most 64 bytes, a room 1 to 64 in at
 * most 128. A name is made of letters of any script, the marks that belong to
 * them, decimal digits, '_', '.' and '-'. It does not begin with '.' or '-',
 * nor end with '-', a mark follows a letter or a mark, and nothing in it is
 * invisible. As a whole it is "highly restrictive" by UTS #39: one script,
 * or Latin with Chinese, Japanese or Korean; digits come from one system.
 * These are names as they are registered: the '~' of a guest, the '@' and
 * ',' of a direct conversation are not part of one.
 *
 * Two names are the same when their keys are the same bytes. A key is
 * skeleton(NFKC_Casefold(name)) of UTS #39, in which i is l as well, since I
 * is, and all letters are small, so that o is 0; and a name that reads, in the
 * capitals it is written in, like another one of Latin letters is none. A key
 * is UTF-8 without NUL that may hold any other character, so it is not to be
 * shown, nor to be parsed; and it is good for comparing with keys that were
 * made with the same version of Unicode.
 *
 * Threads: a struct names never changes, all threads may use one.
 * Locks:   none.
 * Memory:  one object for the program's life; name_fold() allocates nothing
 *          for a name in ASCII, nor for one that it refuses by its bytes. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stddef.h>

enum {
	NAME_NICK_CHARS = 32,
	NAME_NICK_BYTES = 64,
	NAME_ROOM_CHARS = 64,
	NAME_ROOM_BYTES = 128,
	NAME_KEY_MAX = 768,	/* bytes of any key with its NUL */
};

enum name_kind { NAME_NICK, NAME_ROOM };

struct names;

/* Loads what is needed of Unicode. NULL: not there, *why_r says what. */
struct names *names_new(const char **why_r);
void names_free(struct names **);

/* Writes the key of a name with a NUL behind it; *key_len_r counts without
 * the NUL and is never 0. Returns 0, or -EINVAL for what is no name, with
 * *why_r a constant sentence for people ("a name may not mix scripts"); key
 * and length are then undefined. */
int name_fold(const struct names *, enum name_kind, const char *name,
    size_t len, char *key_r /* NAME_KEY_MAX */, size_t *key_len_r,
    const char **why_r);

#endif
