// Receives. One multishot receive per connection continues until the input ends or the pool is empty.

#ifndef RECEIVING_H
#define RECEIVING_H

#include "sending.h"

// IORING_CQE_F_BUF_MORE, kernel 6.12: the kernel continues to fill the same chunk.
enum { CHUNK_GOES_ON = 1 << 4 };

static inline void arm_receive(struct engine *engine, struct connection *connection) {
    struct io_uring_sqe *entry = engine_entry(engine);
    io_uring_prep_recv_multishot(entry, connection->file, NULL, 0, 0);
    engine_finish_entry(engine, entry, connection, OPERATION_RECEIVE);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = CHUNK_GROUP;
    connection->operations++;
}

// The pool was empty. The receive is armed again when chunks have been returned.
static inline void park(struct engine *engine, struct connection *connection) {
    connection->next_parked = NULL;
    if (engine->parked.last != NULL) {
        engine->parked.last->next_parked = connection;
    } else {
        engine->parked.first = connection;
    }
    engine->parked.last = connection;
}

// One connection for each chunk, so that the first ones do not take all of them. A connection that fails again goes to
// the end.
static inline void resume_parked(struct engine *engine) {
    uint32_t chances = engine->pool.available;
    while (engine->parked.first != NULL && chances-- > 0) {
        struct connection *connection = engine->parked.first;
        engine->parked.first = connection->next_parked;
        if (engine->parked.first == NULL) engine->parked.last = NULL;
        arm_receive(engine, connection);
    }
}

// There are connections and chunks for them, so the next turn must not wait.
static inline bool must_resume_more(const struct engine *engine) {
    return engine->parked.first != NULL && engine->pool.available > 0;
}

static inline void input_ended(struct engine *engine, struct connection *connection, int result) {
    connection->input_ended = true;
    if (result < 0) connection_abort(engine, connection);
    connection_output_advanced(engine, connection->peer);
}

static inline void receive_completed(struct engine *engine, struct connection *connection,
                                     const struct io_uring_cqe *completion) {
    bool goes_on = (completion->flags & IORING_CQE_F_MORE) != 0;
    if (!goes_on) connection->operations--;

    if (completion->res > 0) {
        struct connection *target = connection->peer;
        struct chunk_pool *pool = &engine->pool;
        uint32_t index = completion->flags >> IORING_CQE_BUFFER_SHIFT;
        uint32_t length = (uint32_t)completion->res;
        bool chunk_goes_on = pool->incremental && (completion->flags & CHUNK_GOES_ON) != 0;
        char *bytes = chunk_take(pool, index, length, chunk_goes_on);
        slice_queue_append(&target->waiting, &engine->slices, pool, index, bytes, length);
        if (target->aborted) {
            slice_queue_clear(&target->waiting, &engine->slices, pool);
        } else {
            connection_wants_to_send(engine, target);
        }
        if (!goes_on) arm_receive(engine, connection);
    } else if (completion->res == -ENOBUFS) {
        park(engine, connection);
    } else if (!goes_on) {
        input_ended(engine, connection, completion->res);
    }
}

#endif
