/* faulty_rules.c -- which call fails: the rules of faulty.h
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "faulty.h"
#include "faulty_rules.h"

enum { RULES_MAX = 16, ANY = CALL_KINDS };

struct rule {
	int call;
	int error;
	unsigned long only, from;
	unsigned odds; /* of a hundred; 0: not so */
	size_t some;
	char path[128];
	unsigned long count;
};

static struct {
	pthread_mutex_t mutex;
	struct rule rules[RULES_MAX];
	unsigned count;
	unsigned long calls[CALL_KINDS];
	int64_t space; /* < 0: any */
	char *boot;
	bool dead;
	uint64_t chance;
	const char *file; /* VCRP_FAULT_FILE */
	struct timespec changed;
} state = { .mutex = PTHREAD_MUTEX_INITIALIZER, .space = -1 };

static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *const kinds[] = { "open", "read", "write", "sync",
	"truncate", "mkdir", "rename", "unlink", "list", "size", "any" };

static const struct {
	const char *name;
	int number;
} errors[] = { { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT },
	{ "EMFILE", EMFILE }, { "EACCES", EACCES }, { "EROFS", EROFS },
	{ "ELOOP", ELOOP }, { "ENOTDIR", ENOTDIR } };

static void
bad_rule(const char *text)
{
	fprintf(stderr, "VCRP_FAULT: %s?\n", text);
	abort();
}

static int
kind_of(const char *word)
{
	for (int i = 0; i <= ANY; i++)
		if (strcmp(kinds[i], word) == 0)
			return i;
	bad_rule(word);
	return 0;
}

static int
error_of(const char *word)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, word) == 0)
			return errors[i].number;
	if (atoi(word) <= 0)
		bad_rule(word);
	return atoi(word);
}

static void
add_detail(struct rule *r, const char *word)
{
	if (sscanf(word, "n=%lu", &r->only) == 1 ||
	    sscanf(word, "from=%lu", &r->from) == 1 ||
	    sscanf(word, "odds=%u", &r->odds) == 1 ||
	    sscanf(word, "short=%zu", &r->some) == 1 ||
	    sscanf(word, "path=%127s", r->path) == 1)
		return;
	bad_rule(word);
}

static void
add_rule(char *text)
{
	struct rule *r = &state.rules[state.count++];
	char *next, *word;

	if (state.count > RULES_MAX)
		bad_rule(text);
	memset(r, 0, sizeof(*r));
	word = strtok_r(text, ":", &next);
	r->call = kind_of(word != NULL ? word : "");
	word = strtok_r(NULL, ":", &next);
	r->error = error_of(word != NULL ? word : "");
	while ((word = strtok_r(NULL, ":", &next)) != NULL)
		add_detail(r, word);
}

/* With the mutex. */
static void
set_rules(const char *rules)
{
	char *copy = xmemdup(rules, strlen(rules)), *next, *text;

	state.count = 0;
	for (text = strtok_r(copy, ",\n", &next); text != NULL;
	     text = strtok_r(NULL, ",\n", &next))
		add_rule(text);
	free(copy);
}

static void
begin(void)
{
	const char *value;

	if ((value = getenv("VCRP_FAULT")) != NULL)
		set_rules(value);
	if ((value = getenv("VCRP_SPACE")) != NULL)
		state.space = atoll(value);
	if ((value = getenv("VCRP_BOOT")) != NULL)
		faulty_boot(value);
	if ((value = getenv("VCRP_POWER")) != NULL)
		faulty_power(value);
	state.file = getenv("VCRP_FAULT_FILE");
}

/* With the mutex. */
static void
look_at_file(void)
{
	char text[4096];
	struct stat st;
	size_t len = 0;
	FILE *f;

	if (state.file == NULL)
		return;
	if (stat(state.file, &st) < 0)
		memset(&st, 0, sizeof(st));
	if (st.st_mtim.tv_sec == state.changed.tv_sec &&
	    st.st_mtim.tv_nsec == state.changed.tv_nsec)
		return;
	state.changed = st.st_mtim;
	f = fopen(state.file, "re");
	if (f != NULL) {
		len = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[len] = '\0';
	set_rules(text);
}

static bool
meets(struct rule *r, enum call call, const char *path)
{
	if ((r->call != ANY && r->call != (int)call) ||
	    (r->path[0] != '\0' && strstr(path, r->path) == NULL))
		return false;
	r->count++;
	if (r->odds > 0) {
		state.chance = state.chance * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
		return (state.chance >> 33) % 100 < r->odds;
	}
	return r->only > 0 ? r->count == r->only : r->count >= r->from;
}

int
rules_fail(enum call call, const char *path, size_t *short_r)
{
	int rc = 0;

	pthread_once(&once, begin);
	pthread_mutex_lock(&state.mutex);
	look_at_file();
	state.calls[call]++;
	for (unsigned i = 0; i < state.count; i++)
		if (meets(&state.rules[i], call, path) && rc == 0) {
			rc = -state.rules[i].error;
			if (short_r != NULL)
				*short_r = state.rules[i].some;
		}
	pthread_mutex_unlock(&state.mutex);
	return rc;
}

size_t
rules_space(size_t len)
{
	pthread_mutex_lock(&state.mutex);
	if (state.space >= 0) {
		if ((uint64_t)state.space < len)
			len = (size_t)state.space;
		state.space -= (int64_t)len;
	}
	pthread_mutex_unlock(&state.mutex);
	return len;
}

const char *
rules_boot(void)
{
	return state.boot;
}

bool
rules_dead(void)
{
	bool dead;

	pthread_mutex_lock(&state.mutex);
	dead = state.dead;
	pthread_mutex_unlock(&state.mutex);
	return dead;
}

void
faulty_set(const char *rules)
{
	pthread_once(&once, begin);
	pthread_mutex_lock(&state.mutex);
	set_rules(rules != NULL ? rules : "");
	pthread_mutex_unlock(&state.mutex);
}

void
faulty_space(int64_t bytes)
{
	pthread_once(&once, begin);
	pthread_mutex_lock(&state.mutex);
	state.space = bytes;
	pthread_mutex_unlock(&state.mutex);
}

void
faulty_boot(const char *id)
{
	free(state.boot);
	state.boot = id != NULL ? xmemdup(id, strlen(id)) : NULL;
}

unsigned long
faulty_calls(const char *kind)
{
	unsigned long calls;

	pthread_mutex_lock(&state.mutex);
	calls = state.calls[kind_of(kind)];
	pthread_mutex_unlock(&state.mutex);
	return calls;
}

void
faulty_die(bool dead)
{
	pthread_mutex_lock(&state.mutex);
	state.dead = dead;
	pthread_mutex_unlock(&state.mutex);
}
