/*
 * timer.h: channel 0 of the 8254 interval timer as a clock that interrupts (timer.c).
 *
 * Time is counted in ticks, so reading it costs nothing and is the same for every replica of this
 * machine. A server starts the timer while it has something to wait for (a retransmission, a
 * deadline) and stops it otherwise: a machine that only sleeps then receives no events at all.
 *
 * Numbers of ticks run freely and wrap round after 2^32. Compare them by their difference:
 * `(int)(timer_ticks() - end) >= 0`.
 */
#ifndef TIMER_H
#define TIMER_H

/* Ticks from now on, `hz` in a second, 19 … 10000; interrupts_open comes first. */
void timer_start(unsigned hz);

/* No more ticks; what has been counted stays. */
void timer_stop(void);

/* Ticks since the first start. */
unsigned timer_ticks(void);

/*
 * Milliseconds of ticks since the first start. They stand still while the timer is stopped, and wrap
 * round after 2^32.
 */
unsigned timer_ms(void);

/* Sleeps for `ms` milliseconds, rounded up to ticks; the timer must have been started. */
void timer_sleep(unsigned ms);

#endif
