/* protocol.c -- the protocols that the load speaks, by name
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "protocol.h"

const struct protocol *
protocol_find(const char *name)
{
	static const struct protocol *const all[] = {
		&vcrp_protocol,
		&irc_protocol,
		&nats_protocol,
		&redis_protocol,
		&mqtt_protocol,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
