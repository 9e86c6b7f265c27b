#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>

#include "slice_queue.h"

struct connection {
    // The connection that what is received here is sent to. In an echo server it is the connection itself.
    struct connection *peer;

    // Slices to be sent here: one send is in flight, and the rest waits.
    struct slice_queue sending;
    struct slice_queue waiting;

    // A file descriptor, or an index into the ring's own table.
    int file;

    // Operations whose last completion has not arrived yet. Memory and file stay until there are none.
    int operations;

    // The other side has ended its stream.
    bool input_ended;

    // A reset: nothing more is sent.
    bool aborted;

    // On the list of connections that are ready to send.
    bool is_ready;

    // The send in flight posts a completion only if it fails.
    bool sending_inline;

    // It did fail, after sending this many bytes or with this error.
    bool inline_failed;
    int inline_result;

    struct connection *next_ready;
    struct connection *next_inline;
    struct connection *next_parked;
};

// The kernel keeps this in `user_data`: a connection, and the kind of operation in the low bits.
enum operation { OPERATION_ACCEPT, OPERATION_RECEIVE, OPERATION_SEND, OPERATION_CONNECT, OPERATION_CLOSE };

enum { OPERATION_MASK = 7 };

static inline uint64_t token_make(const struct connection *connection, enum operation operation) {
    return (uint64_t)(uintptr_t)connection | operation;
}

static inline struct connection *token_connection(uint64_t token) {
    return (struct connection *)(uintptr_t)(token & ~(uint64_t)OPERATION_MASK);
}

static inline enum operation token_operation(uint64_t token) { return (enum operation)(token & OPERATION_MASK); }

#endif
