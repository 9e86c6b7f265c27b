// Sends. Each connection has one send in flight, so that the bytes stay in order. Bytes that arrive meanwhile wait, and
// leave with the next send.
//
// An inline send asks the kernel to send everything at once or to report that it could not (MSG_DONTWAIT with
// MSG_WAITALL), and to post no completion on success. So if `io_uring_enter` has returned without a completion, the
// bytes are sent. The loop can sleep at once, instead of being woken by completions of its own sends.

#ifndef SENDING_H
#define SENDING_H

#include "ending.h"

static inline void connection_wants_to_send(struct engine *engine, struct connection *connection) {
    if (connection->is_ready || !slice_queue_is_empty(&connection->sending)) return;
    connection->is_ready = true;
    connection->next_ready = NULL;
    if (engine->ready.last != NULL) {
        engine->ready.last->next_ready = connection;
    } else {
        engine->ready.first = connection;
    }
    engine->ready.last = connection;
}

static inline void prepare_gathered_send(struct engine *engine, struct io_uring_sqe *entry,
                                         struct connection *connection, unsigned flags) {
    struct gathered_send *send = &engine->gathered[engine->gathered_count++];
    size_t count = 0;
    for (struct slice *slice = connection->sending.first; slice != NULL; slice = slice->next) {
        send->parts[count++] = (struct iovec){.iov_base = slice->bytes, .iov_len = slice->length};
    }
    send->message = (struct msghdr){.msg_iov = send->parts, .msg_iovlen = count};
    io_uring_prep_sendmsg(entry, connection->file, &send->message, flags);
}

// Submits the slices in `sending`. If no gathered send is free, it submits only the first slice; the rest follows
// later.
static inline void submit_send(struct engine *engine, struct connection *connection, bool is_inline) {
    struct io_uring_sqe *entry = engine_entry(engine);
    const struct slice *first = connection->sending.first;
    unsigned flags = MSG_NOSIGNAL | MSG_WAITALL | (is_inline ? MSG_DONTWAIT : 0);
    if (first->next == NULL || engine->gathered_count == GATHERED_SENDS) {
        io_uring_prep_send(entry, connection->file, first->bytes, first->length, (int)flags);
    } else {
        prepare_gathered_send(engine, entry, connection, flags);
    }
    engine_finish_entry(engine, entry, connection, OPERATION_SEND);

    connection->sending_inline = is_inline;
    connection->operations++;
    if (is_inline) {
        entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
        connection->inline_failed = false;
        connection->next_inline = engine->inline_sends;
        engine->inline_sends = connection;
    }
}

// Moves as much from `waiting` to `sending` as one send can take.
static inline void choose_what_to_send(struct engine *engine, struct connection *connection) {
    int limit = engine->gathered_count < GATHERED_SENDS ? GATHERED_SLICES : 1;
    struct slice *last = connection->waiting.first;
    while (--limit > 0 && last->next != NULL) last = last->next;

    connection->sending = (struct slice_queue){.first = connection->waiting.first, .last = last};
    connection->waiting.first = last->next;
    if (last->next == NULL) connection->waiting.last = NULL;
    last->next = NULL;
}

// The success of an inline send wakes no thread. So it cannot be used if something must follow it: sending the rest,
// returning memory that others wait for, or ending the connection.
static inline bool may_send_inline(const struct engine *engine, const struct connection *connection) {
    return engine->use_inline_sends && slice_queue_is_empty(&connection->waiting) && engine->parked.first == NULL &&
           !connection->peer->input_ended;
}

static inline void start_ready_sends(struct engine *engine) {
    struct connection *connection = engine->ready.first;
    engine->ready = (struct connection_list){0};
    while (connection != NULL) {
        struct connection *next = connection->next_ready;
        connection->is_ready = false;
        if (!slice_queue_is_empty(&connection->waiting)) {
            choose_what_to_send(engine, connection);
            submit_send(engine, connection, may_send_inline(engine, connection));
        } else {
            // A reset has discarded the waiting slices.
            connection_output_advanced(engine, connection);
        }
        connection = next;
    }
}

// A send has ended with a number of bytes, or with an error.
static inline void send_ended(struct engine *engine, struct connection *connection, int result) {
    connection->operations--;
    if (result < 0 && result != -EAGAIN && result != -EINTR) {
        slice_queue_clear(&connection->sending, &engine->slices, &engine->pool);
        connection_abort(engine, connection);
    } else {
        slice_queue_drop(&connection->sending, &engine->slices, &engine->pool, result > 0 ? (size_t)result : 0);
    }

    if (!slice_queue_is_empty(&connection->sending)) {
        submit_send(engine, connection, false);
    } else if (!slice_queue_is_empty(&connection->waiting)) {
        connection_wants_to_send(engine, connection);
    } else {
        connection_output_advanced(engine, connection);
    }
}

static inline void send_completed(struct engine *engine, struct connection *connection, int result) {
    if (connection->sending_inline) {
        connection->inline_failed = true;
        connection->inline_result = result;
    } else {
        send_ended(engine, connection, result);
    }
}

static inline void inline_send_succeeded(struct engine *engine, struct connection *connection) {
    connection->operations--;
    slice_queue_clear(&connection->sending, &engine->slices, &engine->pool);
    if (!slice_queue_is_empty(&connection->waiting)) {
        connection_wants_to_send(engine, connection);
    } else {
        connection_output_advanced(engine, connection);
    }
}

// All completions have been processed. An inline send without one has succeeded.
static inline void settle_inline_sends(struct engine *engine) {
    struct connection *connection = engine->inline_sends;
    engine->inline_sends = NULL;
    while (connection != NULL) {
        struct connection *next = connection->next_inline;
        connection->sending_inline = false;
        if (connection->inline_failed) {
            send_ended(engine, connection, connection->inline_result);
        } else {
            inline_send_succeeded(engine, connection);
        }
        connection = next;
    }
}

#endif
