/*
 * request.h: the text protocol of programs/README.md at UDP port 7 (request.c). A datagram is one
 * request, with or without #ID before it, which the answer repeats; `quit` is answered with `bye`.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>

enum { REQUEST_BYTES = 255, ANSWER_BYTES = 511 }; /* at most */

/*
 * From now on requests are answered; interrupts_open and net_open come first. `answer` is given what
 * stands behind #ID, as a text, and writes its answer, a text, to `to`; it is not given `quit`.
 */
void request_open(void (*answer)(const char *request, char to[ANSWER_BYTES + 1]));

/* Whether somebody has said quit. */
bool request_quit(void);

#endif
