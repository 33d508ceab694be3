/* clock.h -- the two clocks: one for durations, one for people
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads read a clock once a pass and hand the time on, so that what takes
 * a time as an argument can be tested with any.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds that only ever rise, whatever is done to the machine's clock;
 * for every timer and limit. */
uint64_t clock_ms(void);
/* Microseconds of the same clock. */
uint64_t clock_us(void);
/* Milliseconds since 1970; for the time of an event, never for a timer. */
uint64_t clock_wall_ms(void);

#endif
