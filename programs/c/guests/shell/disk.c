/*
 * disk.c: commands about the first disk.
 */
#include "../../lib/disk.h"
#include "../../lib/console.h"
#include "../../lib/print.h"
#include "../../lib/string.h"
#include "shell.h"

enum { AT_A_TIME = 16 }; /* sectors that `disk sum` reads at once */

static struct disk disk;
static bool there;
static unsigned char buffer[AT_A_TIME * SECTOR_BYTES];

void open_disks(void)
{
    there = disk_open(&disk, 0);
}

/* Whether these sectors are on the disk; a message if not. */
static bool on_disk(unsigned sector, unsigned sectors)
{
    if (sector < disk.sectors && sectors <= disk.sectors - sector) return true;
    print("disk: it has the sectors 0 to %u\n", disk.sectors - 1);
    return false;
}

static bool done(bool ok)
{
    if (!ok) print("disk: the device reports an error\n");
    return ok;
}

static void info(void)
{
    print("%u sectors of %u bytes, %u KiB, %s\n", disk.sectors, SECTOR_BYTES, disk.sectors / 2,
          disk.flushes ? "flushes" : "does not flush");
}

static void read_sector(unsigned sector, unsigned bytes)
{
    if (bytes > SECTOR_BYTES) bytes = SECTOR_BYTES;
    if (on_disk(sector, 1) && done(disk_read(&disk, sector, 1, buffer))) dump(buffer, bytes, 0);
}

/* The words after `disk write N`, with blanks between them and zeros behind. */
static void write_sector(unsigned sector, int count, char **words)
{
    if (!on_disk(sector, 1)) return;
    memset(buffer, 0, SECTOR_BYTES);
    unsigned length = 0;
    for (int i = 3; i < count; i++)
        length += print_to((char *)buffer + length, SECTOR_BYTES - length, i > 3 ? " %s" : "%s",
                           words[i]);
    done(disk_write(&disk, sector, 1, buffer) && disk_flush(&disk));
}

/* CRC-32 of IEEE 802.3, the lowest bit first, as cksum of zip and gzip. */
static unsigned crc32(unsigned crc, const unsigned char *bytes, unsigned count)
{
    while (count-- > 0) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    return crc;
}

static void sum(unsigned sector, unsigned sectors)
{
    if (!on_disk(sector, sectors)) return;
    unsigned crc = ~0u;
    for (unsigned left = sectors; left > 0;) {
        unsigned now = left < AT_A_TIME ? left : AT_A_TIME;
        if (console_stopped() || !done(disk_read(&disk, sector, now, buffer))) return;
        crc = crc32(crc, buffer, now * SECTOR_BYTES);
        sector += now;
        left -= now;
    }
    print("%08x, CRC-32 of %u sectors\n", ~crc, sectors);
}

static void disk_command(int count, char **words)
{
    const char *what = count > 1 ? words[1] : "info";
    unsigned sector, number;
    if (!there) print("disk: there is none\n");
    else if (strcmp(what, "info") == 0) info();
    else if (!argument_number(count, words, 2, 0, &sector)) return;
    else if (strcmp(what, "write") == 0) write_sector(sector, count, words);
    else if (!argument_number(count, words, 3, 0, &number)) return;
    else if (strcmp(what, "read") == 0) read_sector(sector, count > 3 ? number : SECTOR_BYTES);
    else if (strcmp(what, "sum") == 0) sum(sector, count > 3 ? number : disk.sectors - sector);
    else print("disk: info, read, write or sum\n");
}

const struct command disk_commands[] = {
    {"disk", "[info] | read SECTOR [BYTES] | write SECTOR WORD… | sum [SECTOR [SECTORS]]",
     disk_command},
    {0},
};
