/*
 * journal.c: the append-only file, on the first disk, if there is one. Requests that have changed
 * something are appended; when the guest starts again, they are carried out again.
 *
 * All requests of a turn are committed together, by one flush, before the answers to them leave.
 * So what a client has been told is on the disk.
 *
 *     sector 0   {magic, generation, check}; the log of this generation is in half generation % 2
 *     half 0     records {bytes, words, clock_ms, that many words: {length, bytes …}, check}
 *     half 1     the same
 *
 * A check is the CRC-32 (as in Ethernet) of the generation and what stands before the check in the
 * record; the log ends at the first record whose check is wrong. Numbers have their low byte first.
 *
 * When a half is full, the present store is written to the other half as the requests that would
 * make it; then one write to sector 0, which a disk does wholly or not at all, makes that the log.
 */
#include "../../lib/disk.h"
#include "../../lib/guest.h"
#include "../../lib/heap.h"
#include "../../lib/print.h"
#include "../../lib/string.h"
#include "redis.h"

enum {
    MAGIC = 0x4A534452, /* "RDSJ" */
    BLOCK_BYTES = 64 * SECTOR_BYTES,
    MOST_HALF_SECTORS = 1 << 20,
    END_DISK = 3,
};

struct head {
    unsigned bytes, words; /* bytes between head and check */
    unsigned long long clock;
};

enum { CHECK_BYTES = 4, AROUND_BYTES = sizeof(struct head) + CHECK_BYTES };

static struct disk disk;
static bool is_open;
static unsigned generation, half_bytes;

/* The part of the log that is in memory: BLOCK_BYTES from `block_at` on, a multiple of a sector. */
static unsigned char block[BLOCK_BYTES];
static unsigned block_at;
static unsigned position; /* where the next record is read or written */
static unsigned clean;    /* up to here, a multiple of a sector, the block is on the disk as it is */
static bool dirty;

static unsigned crc_table[256];

static void make_crc_table(void)
{
    for (unsigned i = 0; i < 256; i++) {
        unsigned crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
        crc_table[i] = crc;
    }
}

static unsigned crc_add(unsigned crc, const void *bytes, unsigned count)
{
    const unsigned char *at = bytes;
    crc = ~crc;
    while (count-- > 0) crc = crc >> 8 ^ crc_table[(crc ^ *at++) & 255];
    return ~crc;
}

static void check(bool done)
{
    if (done) return;
    print("redis: the disk has failed\n");
    end_run(END_DISK);
}

static unsigned sector_of(unsigned offset)
{
    return 1 + (generation % 2 * half_bytes + offset) / SECTOR_BYTES;
}

static void load(unsigned offset)
{
    block_at = offset & ~(SECTOR_BYTES - 1);
    unsigned bytes = half_bytes - block_at < BLOCK_BYTES ? half_bytes - block_at : BLOCK_BYTES;
    if (bytes > 0) check(disk_read(&disk, sector_of(block_at), bytes / SECTOR_BYTES, block));
}

/* False at the end of the half. */
static bool read(void *to, unsigned count)
{
    if (count > half_bytes - position) return false;
    for (unsigned done = 0; done < count;) {
        if (position - block_at >= BLOCK_BYTES) load(position);
        unsigned there = block_at + BLOCK_BYTES - position;
        unsigned part = count - done < there ? count - done : there;
        memcpy((char *)to + done, block + (position - block_at), part);
        done += part;
        position += part;
    }
    return true;
}

/* Writes what is new in the block, up to the end of the last sector. */
static void write_out(void)
{
    unsigned end = (position + SECTOR_BYTES - 1) & ~(SECTOR_BYTES - 1);
    memset(block + (position - block_at), 0, end - position);
    if (end > clean)
        check(disk_write(&disk, sector_of(clean), (end - clean) / SECTOR_BYTES,
                         block + (clean - block_at)));
    clean = position & ~(SECTOR_BYTES - 1);
    dirty = true;
}

static void write(const void *from, unsigned count)
{
    for (unsigned done = 0; done < count;) {
        unsigned room = block_at + BLOCK_BYTES - position;
        unsigned part = count - done < room ? count - done : room;
        memcpy(block + (position - block_at), (const char *)from + done, part);
        done += part;
        position += part;
        dirty = true;
        if (part < room) continue;
        write_out();
        block_at = position;
    }
}

static unsigned bytes_of(const struct slice *request, unsigned count)
{
    unsigned bytes = 0;
    for (unsigned i = 0; i < count; i++) bytes += sizeof(unsigned) + request[i].length;
    return bytes;
}

static unsigned write_summed(unsigned crc, const void *from, unsigned count)
{
    write(from, count);
    return crc_add(crc, from, count);
}

/* False if the half has no room for it. */
static bool append(const struct slice *request, unsigned count)
{
    struct head head = {bytes_of(request, count), count, clock_ms};
    if (head.bytes + AROUND_BYTES > half_bytes - position) return false;
    unsigned crc = crc_add(0, &generation, sizeof generation);
    crc = write_summed(crc, &head, sizeof head);
    for (unsigned i = 0; i < count; i++) {
        crc = write_summed(crc, &request[i].length, sizeof request[i].length);
        crc = write_summed(crc, request[i].at, request[i].length);
    }
    write(&crc, sizeof crc);
    return true;
}

/* A request about a key, with one or two more words. */
static bool append_about(const char *command, const struct entry *entry, const struct text *first,
                         const struct text *second)
{
    struct slice request[4] = {slice_of(command), text_slice(entry->key), text_slice(first)};
    if (second) request[3] = text_slice(second);
    return append(request, second ? 4 : 3);
}

/* A member of a sorted set. */
static bool append_member(const struct entry *entry, const struct entry *member)
{
    char digits[NUMBER_BYTES];
    struct slice score = {digits, number_text(member->node->score, digits)};
    struct slice request[] = {slice_of("zadd"), text_slice(entry->key), score,
                              text_slice(member->key)};
    return append(request, 4);
}

static bool append_entry(const struct entry *entry)
{
    bool done = true;
    if (entry->type == TYPE_STRING) {
        done = append_about("set", entry, entry->text, 0);
    } else if (entry->type == TYPE_LIST) {
        for (struct item *item = entry->list->first; done && item; item = item->next)
            done = append_about("rpush", entry, item->text, 0);
    } else if (entry->type == TYPE_SORTED) {
        struct entry *e = table_next(&entry->sorted->members, 0);
        for (; done && e; e = table_next(&entry->sorted->members, e)) done = append_member(entry, e);
    } else {
        const char *command = entry->type == TYPE_HASH ? "hset" : "sadd";
        struct entry *e = table_next(entry->table, 0);
        for (; done && e; e = table_next(entry->table, e))
            done = append_about(command, entry, e->key, entry->type == TYPE_HASH ? e->text : 0);
    }
    if (!done || entry->expires == 0) return done;
    char digits[NUMBER_BYTES];
    struct slice at = {digits, number_text(entry->expires, digits)};
    struct slice request[] = {slice_of("pexpireat"), text_slice(entry->key), at};
    return append(request, 3);
}

static void write_header(void)
{
    unsigned sector[SECTOR_BYTES / 4] = {MAGIC, generation};
    sector[2] = crc_add(0, sector, 8);
    check(disk_write(&disk, 0, 1, sector) && disk_flush(&disk));
}

static void begin_generation(unsigned number)
{
    generation = number;
    position = block_at = clean = 0;
}

/* Writes the store to the other half; false, and the log goes on as it is, if it has no room. */
static bool rewrite(void)
{
    journal_commit();
    unsigned old = generation, old_position = position;
    begin_generation(old + 1);
    struct entry *entry = table_next(&store, 0);
    while (entry && append_entry(entry)) entry = table_next(&store, entry);
    if (entry) {
        generation = old;
        position = old_position;
        load(position);
        clean = block_at;
        dirty = false;
        return false;
    }
    /* Where the log is empty, its first record must not be an older one. */
    if (position == 0) check(disk_write(&disk, sector_of(0), 1, memset(block, 0, SECTOR_BYTES)));
    dirty = true;
    journal_commit();
    write_header();
    return true;
}

bool journal_accepts(void)
{
    if (!is_open) return true;
    unsigned bytes = bytes_of(words, word_count) + AROUND_BYTES;
    return bytes <= half_bytes - position || (rewrite() && bytes <= half_bytes - position);
}

void journal_append(void)
{
    if (is_open) append(words, word_count);
}

void journal_commit(void)
{
    if (!dirty) return;
    write_out();
    check(disk_flush(&disk));
    dirty = false;
}

/* Carries the request out that the bytes of a record are; false if they are none. */
static bool play(struct client *client, const struct head *head, const char *bytes)
{
    unsigned at = 0;
    for (word_count = 0; word_count < head->words; word_count++) {
        unsigned length;
        if (head->bytes - at < sizeof length) return false;
        memcpy(&length, bytes + at, sizeof length);
        at += sizeof length;
        if (length > head->bytes - at) return false;
        words[word_count] = (struct slice){bytes + at, length};
        at += length;
    }
    clock_ms = head->clock;
    command_run(client);
    return true;
}

/* Reads the next record and plays it; false at the end of the log. */
static bool play_next(struct client *client)
{
    struct head head;
    unsigned check_read, crc = crc_add(0, &generation, sizeof generation);
    if (!read(&head, sizeof head) || head.words == 0 || head.words > MOST_WORDS) return false;
    if (head.bytes > half_bytes - position) return false;
    char *bytes = heap_take(head.bytes);
    if (!bytes) {
        print("redis: not enough memory for the journal\n");
        end_run(END_DISK);
    }
    bool right = read(bytes, head.bytes) && read(&check_read, sizeof check_read);
    crc = crc_add(crc_add(crc, &head, sizeof head), bytes, head.bytes);
    right = right && check_read == crc && play(client, &head, bytes);
    heap_give(bytes);
    return right;
}

static void play_all(void)
{
    struct client client = {.mute = true};
    unsigned records = 0, end = 0;
    load(0);
    while (play_next(&client)) {
        end = position;
        records++;
    }
    position = end;
    load(position);
    clean = block_at;
    if (store_timed > 0) clock_start();
    /* Behind the end may be records of a commit that the disk did in part, or in another order. */
    if (records > 0) rewrite();
    print("redis: %u records in the journal, %u keys\n", records, store.count);
}

bool journal_open(void)
{
    if (!disk_open(&disk, 0) || disk.sectors < 5) return false;
    make_crc_table();
    unsigned half = (disk.sectors - 1) / 2;
    half_bytes = (half < MOST_HALF_SECTORS ? half : MOST_HALF_SECTORS) * SECTOR_BYTES;
    unsigned header[SECTOR_BYTES / 4];
    check(disk_read(&disk, 0, 1, header));
    if (header[0] == MAGIC && header[2] == crc_add(0, header, 8)) {
        generation = header[1];
        play_all();
    } else {
        begin_generation(0);
        check(disk_write(&disk, sector_of(0), 1, memset(block, 0, SECTOR_BYTES)));
        write_header();
    }
    return is_open = true;
}

bool journal_is_open(void)
{
    return is_open;
}

unsigned journal_bytes(void)
{
    return position;
}
