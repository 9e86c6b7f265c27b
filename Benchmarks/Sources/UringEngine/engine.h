#ifndef ENGINE_H
#define ENGINE_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "connection.h"
#include "uring_engine.h"

// The most slices in one send, and the most sends of several slices in one submission.
enum { GATHERED_SLICES = 64, GATHERED_SENDS = 64 };

// The kernel copies both during submission, so they are free again after the next enter.
struct gathered_send {
    struct msghdr message;
    struct iovec parts[GATHERED_SLICES];
};

struct connection_list {
    struct connection *first;
    struct connection *last;
};

struct engine {
    struct io_uring ring;
    struct chunk_pool pool;
    struct slice_store slices;

    // Connections that have something to send and no send in flight.
    struct connection_list ready;

    // Connections whose inline send was submitted in this turn.
    struct connection *inline_sends;

    // Connections whose receive ended because the pool was empty, in order of arrival.
    struct connection_list parked;

    struct gathered_send *gathered;
    unsigned gathered_count;

    int listener;
    struct sockaddr_in upstream;
    bool is_relay;
    bool use_inline_sends;
    bool use_registered_files;
};

static inline struct io_uring_sqe *engine_entry(struct engine *engine) {
    struct io_uring_sqe *entry = io_uring_get_sqe(&engine->ring);
    if (entry == NULL) {
        // The queue is full: submit its entries without waiting.
        io_uring_submit(&engine->ring);
        entry = io_uring_get_sqe(&engine->ring);
        if (entry == NULL) fail("the submission queue stays full");
    }
    return entry;
}

// Call after the entry was prepared, because preparing it clears the flags.
static inline void engine_finish_entry(const struct engine *engine, struct io_uring_sqe *entry,
                                       struct connection *connection, enum operation operation) {
    if (engine->use_registered_files) entry->flags |= IOSQE_FIXED_FILE;
    io_uring_sqe_set_data64(entry, token_make(connection, operation));
}

#endif
