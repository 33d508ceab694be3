/* question.c -- a question of discovery, and what answers it
 *
 * SPDX-License-Identifier: MIT */
#include "client/question.h"

#include <stdio.h>
#include <sys/random.h>

#include "vcrp.h"
#include "wire/discovery.h"

bool
question_init(struct question *question)
{
	unsigned char bytes[(sizeof(question->nonce) - 1) / 2];
	size_t i;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	for (i = 0; i < sizeof(bytes); i++)
		sprintf(question->nonce + 2 * i, "%02x", bytes[i]);
	discovery_ask(question->bytes, sizeof(question->bytes),
	    question->nonce);
	return true;
}

static void
keep(char *word_r, struct slice word)
{
	char text[DISCOVERY_MOST];

	snprintf(text, sizeof(text), "%.*s", (int)word.len, word.at);
	vcrp_safe(word_r, QUESTION_WORD, text, true);
}

bool
question_is_answered(const struct question *question, const char *bytes,
    size_t len, struct finding *finding)
{
	struct discovery_found found;

	if (!discovery_is_answer((struct slice){ bytes, len },
	    question->nonce, &found))
		return false;
	if (slice_is(found.features, "-"))
		found.features.len = 0;
	keep(finding->server, found.server);
	keep(finding->software, found.software);
	keep(finding->features, found.features);
	finding->connections = found.connections;
	finding->rooms = found.rooms;
	return true;
}
