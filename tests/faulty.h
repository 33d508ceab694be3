/* faulty.h -- the calls of base/disk.h, on a disk that fails
 *
 * SPDX-License-Identifier: MIT
 *
 * A program that has faulty.c among its sources has these calls in the place
 * of src/base/disk.c. They do what those do, but that a sync does not wait for
 * the real disk, unless told otherwise:
 *
 *   VCRP_FAULT=RULE[,RULE...]   or faulty_set(); a rule is
 *       KIND:ERRNO[:n=N | :from=N | :odds=PERCENT][:short=BYTES][:path=TEXT]
 *     KIND is open, read, write, sync, truncate, mkdir, rename, unlink, list,
 *     size or any; ERRNO is EIO, ENOSPC, EDQUOT, EMFILE, EACCES, EROFS, ELOOP,
 *     ENOTDIR or a number. A rule counts the calls of its kind (on a file
 *     whose path has TEXT in it) from 1 and makes fail the N-th, all from the
 *     N-th on (from=1 is the default), or so many of a hundred. A write that
 *     fails has written `short` bytes first.
 *   VCRP_FAULT_FILE=PATH        the same rules in a file, which is read again
 *     whenever it changes and counts anew then; it need not be there.
 *   VCRP_SPACE=BYTES            or faulty_space(): so many may be written,
 *     then there is no space.
 *   VCRP_BOOT=ID                or faulty_boot(): the system's boot id.
 *   VCRP_POWER=JOURNAL          or faulty_power(): writes down how to undo what
 *     is not synced. When the program is gone (or faulty_die() was called)
 *     `power-cut JOURNAL SEED`, or faulty_cut(), makes of the files what a
 *     lost power may leave: each page of 4 KiB that was not synced, and each
 *     length, is as before or as after or, a length, between; names in
 *     directories that were not synced have come, gone or changed or have
 *     not. The journal must be on the file system of the data, and has a
 *     directory JOURNAL.d beside it.
 *
 * Threads: any; calls are made one at a time where there is a journal.
 * Locks:   its own mutexes.
 * Memory:  static. */
#ifndef TESTS_FAULTY_H
#define TESTS_FAULTY_H

#include <stdbool.h>
#include <stdint.h>

/* NULL or "": none. Aborts on what is no rule. */
void faulty_set(const char *rules);
/* Below 0: as much as there is. */
void faulty_space(int64_t bytes);
void faulty_boot(const char *id);
/* How many calls of a kind there were since the program began. */
unsigned long faulty_calls(const char *kind);

/* NULL: no more. */
void faulty_power(const char *journal);
/* The program is as good as dead: nothing changes files any more. */
void faulty_die(bool dead);
/* 0 or -errno. The journal begins anew. */
int faulty_cut(const char *journal, uint64_t seed);

#endif
