/* member.c -- mail about memberships
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/alloc.h"
#include "room/member.h"

struct move *
move_new(struct member *m, unsigned kind)
{
	struct move *move = xcalloc(1, sizeof(*move));

	move->mail.kind = kind;
	move->member = m;
	return move;
}

void
move_free(struct move **at)
{
	struct move *move = *at;

	*at = NULL;
	place_drop(&move->place);
	blob_unref(&move->words);
	free(move);
}

void
place_drop(struct place *p)
{
	blob_unref(&p->first);
	blob_unref(&p->then);
	chunk_unref(&p->chunk);
}
