/*
 * rtc.c: see rtc.h (Motorola MC146818 datasheet). The clock may be read while no update is on its
 * way; what has changed between two readings all the same is read again.
 */
#include "rtc.h"
#include <stdbool.h>
#include "port.h"
#include "string.h"

enum {
    CMOS_INDEX = 0x70,
    CMOS_DATA = 0x71,
    SECONDS = 0,
    MINUTES = 2,
    HOURS = 4,
    DAY = 7,
    MONTH = 8,
    YEAR = 9,
    STATUS_A = 10,
    STATUS_B = 11,
    CENTURY = 0x32,
    UPDATING = 0x80, /* of STATUS_A */
    BINARY = 4,      /* of STATUS_B; otherwise a decimal digit in each half of a byte */
};

static unsigned read_register(unsigned index)
{
    out_byte(CMOS_INDEX, index);
    return in_byte(CMOS_DATA);
}

static struct date read_once(bool binary)
{
    static const unsigned char fields[] = {YEAR, MONTH, DAY, HOURS, MINUTES, SECONDS, CENTURY};
    unsigned values[sizeof fields];
    while (read_register(STATUS_A) & UPDATING) continue;
    for (unsigned i = 0; i < sizeof fields; i++) {
        unsigned value = read_register(fields[i]);
        values[i] = binary ? value : (value >> 4) * 10 + (value & 15);
    }
    return (struct date){values[6] * 100 + values[0], values[1], values[2],
                         values[3], values[4], values[5]};
}

struct date rtc_read(void)
{
    bool binary = read_register(STATUS_B) & BINARY;
    struct date before, now = read_once(binary);
    do {
        before = now;
        now = read_once(binary);
    } while (memcmp(&before, &now, sizeof now) != 0);
    return now;
}

/* Days since 1970-01-01: years are begun in March, so that a leap day is the last of its year. */
static unsigned days(const struct date *date)
{
    unsigned months = (date->month + 9) % 12; /* since March */
    unsigned year = date->year - (date->month < 3);
    unsigned before = year * 365 + year / 4 - year / 100 + year / 400;
    return before + (months * 153 + 2) / 5 + date->day - 719469;
}

unsigned rtc_seconds(const struct date *date)
{
    return ((days(date) * 24 + date->hour) * 60 + date->minute) * 60 + date->second;
}
