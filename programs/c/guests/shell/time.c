/*
 * time.c: commands about the two kinds of time, ticks that come and a clock that is read.
 */
#include "../../lib/console.h"
#include "../../lib/interrupts.h"
#include "../../lib/print.h"
#include "../../lib/rtc.h"
#include "../../lib/timer.h"
#include "shell.h"

static void show_ticks(int count, char **words)
{
    (void)count, (void)words;
    print("%u\n", timer_ticks());
}

static void show_uptime(int count, char **words)
{
    (void)count, (void)words;
    unsigned ms = timer_ms(), seconds = ms / 1000;
    print("%u:%02u:%02u.%03u\n", seconds / 3600, seconds / 60 % 60, seconds % 60, ms % 1000);
}

static void show_date(int count, char **words)
{
    (void)count, (void)words;
    struct date d = rtc_read();
    print("%04u-%02u-%02u %02u:%02u:%02u UTC, %u\n", d.year, d.month, d.day, d.hour, d.minute,
          d.second, rtc_seconds(&d));
}

static void sleep(int count, char **words)
{
    unsigned ms;
    if (!argument_number(count, words, 1, 1000, &ms)) return;
    unsigned end = timer_ms() + ms;
    wait_until((int)(timer_ms() - end) >= 0 || console_stopped());
}

const struct command time_commands[] = {
    {"ticks", "interrupts of the timer since the start", show_ticks},
    {"uptime", "time since the start, by the timer", show_uptime},
    {"date", "date and time of day, and seconds since 1970", show_date},
    {"sleep", "[MS], milliseconds, 1000 by default", sleep},
    {0},
};
