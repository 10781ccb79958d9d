/*
 * timer.c: see timer.h (Intel 8254 datasheet).
 */
#include "timer.h"
#include "interrupts.h"
#include "port.h"

enum {
    PIT_HZ = 1193182, /* what the chip counts at */
    PIT_CHANNEL_0 = 0x40,
    PIT_CONTROL = 0x43,
    PIT_RATE = 0x34, /* channel 0, low byte then high byte, mode 2: rate generator */
    PIT_HALT = 0x30, /* … mode 0, which does not count before it has been given a number */
    PIT_LINE = 0,
};

static unsigned rate;
static volatile unsigned ticks;
/* What ticks amount to: whole milliseconds, and `thousandths` / `rate` of one. */
static volatile unsigned milliseconds;
static unsigned thousandths;

static void tick(unsigned line)
{
    (void)line;
    ticks++;
    thousandths += 1000;
    while (thousandths >= rate) {
        thousandths -= rate;
        milliseconds++;
    }
}

void timer_start(unsigned hz)
{
    unsigned divisor = PIT_HZ / hz;
    rate = hz;
    thousandths = 0;
    interrupts_handle(PIT_LINE, tick);
    out_byte(PIT_CONTROL, PIT_RATE);
    out_byte(PIT_CHANNEL_0, divisor);
    out_byte(PIT_CHANNEL_0, divisor >> 8);
}

void timer_stop(void)
{
    out_byte(PIT_CONTROL, PIT_HALT);
}

unsigned timer_ticks(void)
{
    return ticks;
}

unsigned timer_ms(void)
{
    return milliseconds;
}

void timer_sleep(unsigned ms)
{
    unsigned end = milliseconds + ms;
    wait_until((int)(milliseconds - end) >= 0);
}
