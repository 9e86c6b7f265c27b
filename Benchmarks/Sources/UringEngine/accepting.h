// New connections and, in a relay, the connection to the other server that belongs to each.

#ifndef ACCEPTING_H
#define ACCEPTING_H

#include <netinet/tcp.h>

#include "receiving.h"

static inline void arm_accept(struct engine *engine) {
    struct io_uring_sqe *entry = engine_entry(engine);
    if (engine->use_registered_files) {
        io_uring_prep_multishot_accept_direct(entry, engine->listener, NULL, NULL, 0);
    } else {
        io_uring_prep_multishot_accept(entry, engine->listener, NULL, NULL, SOCK_CLOEXEC);
    }
    io_uring_sqe_set_data64(entry, token_make(NULL, OPERATION_ACCEPT));
}

static inline struct connection *connection_make(int file) {
    struct connection *connection = aligned_alloc(64, (sizeof(struct connection) + 63) / 64 * 64);
    if (connection == NULL) fail("out of memory");
    *connection = (struct connection){.file = file};
    connection->peer = connection;
    return connection;
}

static inline void connect_upstream(struct engine *engine, struct connection *client) {
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0) fail_with(errno, "cannot make a socket; raise the limit of open files (ulimit -n)");
    int on = 1;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    struct connection *upstream = connection_make(file);
    upstream->peer = client;
    client->peer = upstream;

    struct io_uring_sqe *entry = engine_entry(engine);
    io_uring_prep_connect(entry, file, (struct sockaddr *)&engine->upstream, sizeof(engine->upstream));
    engine_finish_entry(engine, entry, upstream, OPERATION_CONNECT);
    upstream->operations++;
}

static inline void accept_completed(struct engine *engine, const struct io_uring_cqe *completion) {
    if (completion->res >= 0) {
        struct connection *connection = connection_make(completion->res);
        if (engine->is_relay) {
            connect_upstream(engine, connection);
        } else {
            arm_receive(engine, connection);
        }
    } else if (completion->res != -ECONNABORTED && completion->res != -EINTR) {
        fail_with(-completion->res, "cannot accept a connection; raise the limit of open files (ulimit -n)");
    }
    if ((completion->flags & IORING_CQE_F_MORE) == 0) arm_accept(engine);
}

static inline void connect_completed(struct engine *engine, struct connection *upstream, int result) {
    upstream->operations--;
    if (result == 0) {
        arm_receive(engine, upstream);
        arm_receive(engine, upstream->peer);
    } else {
        upstream->input_ended = true;
        upstream->peer->input_ended = true;
        connection_close_if_done(engine, upstream);
    }
}

#endif
