/*
 * rtc.h: date and time of day from the CMOS real-time clock, in UTC (rtc.c).
 */
#ifndef RTC_H
#define RTC_H

struct date {
    unsigned year, month, day; /* months and days from 1 */
    unsigned hour, minute, second;
};

/* Now. */
struct date rtc_read(void);

/* Seconds since 1970-01-01 00:00:00, without leap seconds; until 2106. */
unsigned rtc_seconds(const struct date *date);

#endif
