// How connections end. After a half-close the other direction continues.

#ifndef ENDING_H
#define ENDING_H

#include "engine.h"

static inline bool connection_has_nothing_to_send(const struct connection *connection) {
    return slice_queue_is_empty(&connection->sending) && slice_queue_is_empty(&connection->waiting);
}

// It has no operations left, and is on no list.
static inline bool connection_is_done(const struct connection *connection) {
    return connection->input_ended && connection->operations == 0 && !connection->is_ready &&
           connection_has_nothing_to_send(connection);
}

static inline void connection_close(struct engine *engine, struct connection *connection) {
    struct io_uring_sqe *entry = engine_entry(engine);
    if (engine->use_registered_files) {
        io_uring_prep_close_direct(entry, (unsigned)connection->file);
    } else {
        io_uring_prep_close(entry, connection->file);
    }
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(entry, token_make(NULL, OPERATION_CLOSE));
    free(connection);
}

// Closes a connection and its peer as soon as both are finished.
static inline void connection_close_if_done(struct engine *engine, struct connection *connection) {
    struct connection *peer = connection->peer;
    if (!connection_is_done(connection) || !connection_is_done(peer)) return;
    if (peer != connection) connection_close(engine, peer);
    connection_close(engine, connection);
}

// Something was sent, or the input of this connection ended.
static inline void connection_output_advanced(struct engine *engine, struct connection *connection) {
    if (!connection->peer->input_ended || !connection_has_nothing_to_send(connection)) return;
    if (engine->is_relay) shutdown(connection->file, SHUT_WR);
    connection_close_if_done(engine, connection);
}

// A reset ends both sides. The armed receives then end by themselves.
static inline void connection_abort(struct engine *engine, struct connection *connection) {
    struct connection *both[] = {connection, connection->peer};
    for (int index = 0; index < 2; index++) {
        if (both[index]->aborted) continue;
        both[index]->aborted = true;
        slice_queue_clear(&both[index]->waiting, &engine->slices, &engine->pool);
        if (!engine->use_registered_files) shutdown(both[index]->file, SHUT_RDWR);
    }
}

#endif
