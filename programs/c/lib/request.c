/*
 * request.c: see request.h.
 */
#include "request.h"
#include "string.h"
#include "udp.h"

enum { REQUEST_PORT = 7, ID_BYTES = 16 };

static void (*answer_to)(const char *request, char to[ANSWER_BYTES + 1]);
static bool quit;

/* How long the #ID and the blank behind it are; 0 if there is none. */
static unsigned id_bytes(const char *text)
{
    if (text[0] != '#') return 0;
    for (unsigned i = 1; i <= ID_BYTES && text[i] != 0; i++)
        if (text[i] == ' ') return i + 1;
    return 0;
}

static void serve(const struct datagram *datagram)
{
    char request[REQUEST_BYTES + 1], answer[ID_BYTES + 1 + ANSWER_BYTES + 1];
    if (datagram->length > REQUEST_BYTES) return;
    memcpy(request, datagram->bytes, datagram->length);
    request[datagram->length] = 0;
    unsigned id = id_bytes(request);
    memcpy(answer, request, id);
    if (strcmp(request + id, "quit") == 0) {
        quit = true;
        memcpy(answer + id, "bye", sizeof "bye");
    } else {
        answer_to(request + id, answer + id);
    }
    udp_answer(datagram, answer, strlen(answer));
}

void request_open(void (*answer)(const char *request, char to[ANSWER_BYTES + 1]))
{
    answer_to = answer;
    udp_listen(REQUEST_PORT, serve);
}

bool request_quit(void)
{
    return quit;
}
