/* test_log.c -- lines are whole, clean, and not too many
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "suite.h"

enum { WRITERS = 2, ROUNDS = 400, LINES_EACH = 60 };

static _Atomic int64_t second = 1000;
static FILE *caught;
static int real_stderr;

static int64_t
test_seconds(void)
{
	return second;
}

/* From here to release() stderr is a file, and a new second begins. */
static void catch (void)
{
	fflush(stderr);
	caught = tmpfile();
	real_stderr = dup(STDERR_FILENO);
	dup2(fileno(caught), STDERR_FILENO);
	second++;
}

static void
release(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	rewind(caught);
}

/* The next caught line without its time and LF, or NULL. */
static char *
next(char *line, size_t size)
{
	if (fgets(line, size, caught) == NULL)
		return NULL;
	CU_ASSERT_PTR_NOT_NULL_FATAL(strchr(line, '\n'));
	line[strcspn(line, "\n")] = '\0';
	return strchr(line, ' ') + 1;
}

#define CAUGHT(expected)                                                       \
	do {                                                                   \
		char line_[1024], *text_ = next(line_, sizeof(line_));         \
		CU_ASSERT_PTR_NOT_NULL_FATAL(text_);                           \
		CU_ASSERT_STRING_EQUAL(text_, expected);                       \
	} while (0)

#define CAUGHT_ALL()                                                           \
	do {                                                                   \
		CU_ASSERT_EQUAL(fgetc(caught), EOF);                           \
		fclose(caught);                                                \
	} while (0)

static void
writes_lines(void)
{
	char line[128];
	unsigned year, month, day, hour, minute, sec, ms;
	int end = 0;

	catch ();
	log_info("%d and %s", 1, "two");
	log_thread("room lobby");
	log_warn("lost");
	log_thread("a\nb");
	log_warn("forged");
	log_thread("");
	log_warn("plain");
	release();
	CU_ASSERT_PTR_NOT_NULL_FATAL(fgets(line, sizeof(line), caught));
	CU_ASSERT_EQUAL(
	    sscanf(line,
		"%4u-%2u-%2uT%2u:%2u:%2u.%3uZ info 1 and "
		"two%n",
		&year, &month, &day, &hour, &minute, &sec, &ms, &end),
	    7);
	CU_ASSERT_STRING_EQUAL(line + end, "\n");
	CU_ASSERT_EQUAL(end, 24 + (int)strlen(" info 1 and two"));
	CU_ASSERT(year >= 2024);
	CAUGHT("warn [room lobby] lost");
	CAUGHT("warn [a\\x0ab] forged");
	CAUGHT("warn plain");
	CAUGHT_ALL();
}

static void
drops_what_is_below_its_level(void)
{
	catch ();
	log_debug("no");
	log_set_level(LEVEL_DEBUG);
	log_debug("yes");
	log_set_level(LEVEL_WARN);
	log_info("no");
	log_warn("yes");
	log_set_level(LEVEL_INFO);
	release();
	CAUGHT("debug yes");
	CAUGHT("warn yes");
	CAUGHT_ALL();
}

static void
keeps_errno(void)
{
	int nowhere = open("/dev/null", O_RDONLY);

	catch ();
	errno = ENOENT;
	log_warn("%m");
	CU_ASSERT_EQUAL(errno, ENOENT);
	dup2(nowhere, STDERR_FILENO);
	close(nowhere);
	errno = ENOENT;
	log_warn("a write that fails");
	CU_ASSERT_EQUAL(errno, ENOENT);
	release();
	CAUGHT("warn No such file or directory");
	CAUGHT_ALL();
}

static void
a_line_is_one_line(void)
{
	catch ();
	log_info("%s",
	    "a\nb\r\t\x1b[31m\x7f\xc2\x85\xe2\x80\xa8"
	    "c");
	release();
	CAUGHT("info a\\x0ab\\x0d\\x09\\x1b[31m\\x7f\\xc2\\x85\\xe2\\x80\\xa8"
	       "c");
	CAUGHT_ALL();
}

static void
a_text_is_bounded(void)
{
	char text[4096], exact[LOG_TEXT_MAX + 1], line[1024], *got;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(exact, text, LOG_TEXT_MAX);
	exact[LOG_TEXT_MAX] = '\0';
	catch ();
	log_info("%s", exact);
	log_info("%sx", exact);
	log_info("%s", text);
	release();
	got = next(line, sizeof(line));
	CU_ASSERT_STRING_EQUAL(got + strlen("info "), exact);
	memcpy(exact + LOG_TEXT_MAX - 3, "...", 3);
	got = next(line, sizeof(line));
	CU_ASSERT_STRING_EQUAL(got + strlen("info "), exact);
	got = next(line, sizeof(line));
	CU_ASSERT_STRING_EQUAL(got + strlen("info "), exact);
	CAUGHT_ALL();
}

struct tally {
	int lines, notices;
	unsigned suppressed; /* in all notices */
};

static struct tally
count(void)
{
	struct tally tally = { 0 };
	char line[1024], *text;
	unsigned n;

	while ((text = next(line, sizeof(line))) != NULL) {
		tally.lines++;
		if (sscanf(text, "warn suppressed %u lines", &n) == 1) {
			tally.notices++;
			tally.suppressed += n;
		}
	}
	fclose(caught);
	return tally;
}

static void
a_flood_is_suppressed_and_counted(void)
{
	struct tally tally;
	int i;

	catch ();
	for (i = 0; i < 250; i++)
		log_info("flood");
	release();
	tally = count();
	CU_ASSERT_EQUAL(tally.lines, LOG_LINES_PER_SECOND);
	CU_ASSERT_EQUAL(tally.notices, 0);

	catch ();
	log_info("after");
	release();
	CAUGHT("warn suppressed 150 lines");
	CAUGHT("info after");
	CAUGHT_ALL();
}

static void
a_notice_takes_a_place(void)
{
	struct tally tally;
	int i, round;

	for (round = 0; round < 2; round++) {
		catch ();
		for (i = 0; i < 101; i++)
			log_info("flood");
		release();
		tally = count();
		CU_ASSERT_EQUAL(tally.lines, LOG_LINES_PER_SECOND);
		CU_ASSERT_EQUAL(tally.suppressed, (unsigned)round);
	}
	catch ();
	log_info("after");
	release();
	CAUGHT("warn suppressed 2 lines");
	CAUGHT("info after");
	CAUGHT_ALL();
}

/* In each round, which is a second, all write more than fits into it. */
static void *
flood(void *barrier)
{
	int i, round;

	for (round = 0; round < ROUNDS; round++) {
		if (pthread_barrier_wait(barrier) != 0)
			second++;
		pthread_barrier_wait(barrier);
		for (i = 0; i < LINES_EACH; i++)
			log_info("line of many");
	}
	return NULL;
}

static void
threads_share_one_count(void)
{
	pthread_barrier_t barrier;
	pthread_t writers[WRITERS];
	struct tally tally;
	int i;

	catch ();
	pthread_barrier_init(&barrier, NULL, WRITERS);
	for (i = 0; i < WRITERS; i++)
		CU_ASSERT_EQUAL_FATAL(
		    pthread_create(&writers[i], NULL, flood, &barrier), 0);
	for (i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	pthread_barrier_destroy(&barrier);
	second++;
	log_info("the last");
	release();
	tally = count();
	CU_ASSERT_EQUAL(tally.lines, ROUNDS * LOG_LINES_PER_SECOND + 2);
	CU_ASSERT_EQUAL(tally.lines - tally.notices + (int)tally.suppressed,
	    ROUNDS * WRITERS * LINES_EACH + 1);
}

static void
fatal_always_speaks_and_ends(void)
{
	struct tally tally;
	int i, status;
	pid_t pid;

	catch ();
	for (i = 0; i < 101; i++)
		log_info("flood");
	pid = fork();
	if (pid == 0)
		log_fatal("no %s", "way");
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	release();
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	tally = count();
	CU_ASSERT_EQUAL(tally.lines, LOG_LINES_PER_SECOND + 2);
	CU_ASSERT_EQUAL(tally.suppressed, 1);
}

static const char *
escaped(const char *text, size_t len, size_t size)
{
	static char dst[256];

	memset(dst, '#', sizeof(dst));
	CU_ASSERT_PTR_EQUAL(log_escape(dst, size, text, len), dst);
	CU_ASSERT(strlen(dst) < size);
	CU_ASSERT_EQUAL(dst[size], '#');
	return dst;
}

#define SHOWN(text, shown)                                                     \
	CU_ASSERT_STRING_EQUAL(escaped(text, sizeof(text) - 1, 200), shown)

static void
escapes_what_could_deceive(void)
{
	SHOWN("", "");
	SHOWN("plain \\ text ~ é 中 \xf0\x9f\x98\x80",
	    "plain \\ text ~ é 中 \xf0\x9f\x98\x80");
	SHOWN("\0\t\n\x1f\x20\x7e\x7f", "\\x00\\x09\\x0a\\x1f ~\\x7f");
	SHOWN("\xc2\x80\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9f\xc2\xa0");
	SHOWN("\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
	SHOWN("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xaa\xe2\x80\xae",
	    "\\xd8\\x9c\\xe2\\x80\\x8e\\xe2\\x80\\x8f\\xe2\\x80\\xaa"
	    "\\xe2\\x80\\xae");
	SHOWN("\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
	SHOWN("a\xff\x80"
	      "b",
	    "a\\xff\\x80b");
	SHOWN("\xc0\xaf\xed\xa0\x80", "\\xc0\\xaf\\xed\\xa0\\x80");
	SHOWN("\xf0\x9f\x98", "\\xf0\\x9f\\x98");
	SHOWN("twice \\x0a", "twice \\x0a");
}

static void
cuts_at_a_character(void)
{
	CU_ASSERT_STRING_EQUAL(escaped("abcdef", 6, 7), "abcdef");
	CU_ASSERT_STRING_EQUAL(escaped("abcdef", 6, 6), "ab...");
	CU_ASSERT_STRING_EQUAL(escaped("abcdef", 6, 4), "...");
	CU_ASSERT_STRING_EQUAL(escaped("abc", 3, 4), "abc");
	CU_ASSERT_STRING_EQUAL(escaped("aéééé", 9, 8), "aé...");
	CU_ASSERT_STRING_EQUAL(escaped("aéééé", 9, 9), "aéé...");
	CU_ASSERT_STRING_EQUAL(escaped("ab\n\n", 4, 10), "ab\\x0a...");
	CU_ASSERT_STRING_EQUAL(escaped("ab\n\n", 4, 9), "ab...");
}

static int
start(void)
{
	log_set_clock(test_seconds);
	return 0;
}

static CU_TestInfo tests[] = { { "writes lines with time, level and thread",
				   writes_lines },
	{ "drops what is below its level", drops_what_is_below_its_level },
	{ "keeps errno", keeps_errno },
	{ "a line is one line whatever is in it", a_line_is_one_line },
	{ "a text is bounded", a_text_is_bounded },
	{ "a flood is suppressed and counted",
	    a_flood_is_suppressed_and_counted },
	{ "a notice takes a line's place", a_notice_takes_a_place },
	{ "threads share one count", threads_share_one_count },
	{ "fatal always speaks, and ends with 1",
	    fatal_always_speaks_and_ends },
	{ "escapes what could deceive", escapes_what_could_deceive },
	{ "cuts at a character", cuts_at_a_character }, CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "log", start, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
