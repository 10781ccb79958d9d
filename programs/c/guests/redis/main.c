/*
 * main.c: the guest redis, a store of keys and values that speaks the protocol of Redis (RESP2) on
 * port 6379 of 10.0.2.15, to 64 clients at once: strings, lists, hashes, sets and sorted sets, and
 * keys that expire; command.c lists the commands. On a machine with a disk all that is written is
 * kept there (journal.c), and answers wait until it is.
 *
 * Everything is in memory, as much as the machine has (`vmft run redis --memory 64M`); when that is
 * full, requests that need more are refused with OOM.
 *
 * Requests to UDP port 7: `keys` is answered with the number of keys, `quit` with `bye`.
 * Exit: 0 after quit; 2 without a network device; 3 if the disk fails, or holds more than memory.
 */
#include "../../lib/guest.h"
#include "../../lib/heap.h"
#include "../../lib/interrupts.h"
#include "../../lib/net.h"
#include "../../lib/print.h"
#include "../../lib/request.h"
#include "../../lib/string.h"
#include "redis.h"

enum { REDIS_PORT = 6379, END_QUIT = 0, END_NO_DEVICE = 2 };

static void answer(const char *request, char *to)
{
    if (strcmp(request, "keys") == 0) print_to(to, ANSWER_BYTES, "%u", store.count);
    else print_to(to, ANSWER_BYTES, "what?");
}

int main(void)
{
    interrupts_open();
    heap_open();
    if (!net_open()) {
        print("redis: no network device\n");
        return END_NO_DEVICE;
    }
    journal_open();
    request_open(answer);
    tcp_listen(REDIS_PORT, client_serve);
    print("redis: ready\n");
    while (!request_quit()) {
        tcp_receive();
        clock_turn();
        journal_commit();
        tcp_send();
    }
    journal_commit();
    net_finish();
    return END_QUIT;
}
