#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <string.h>

#include "accepting.h"
#include "peer_support.h"

enum {
    SUBMISSIONS = 4096,
    COMPLETIONS = 32768,
    REGISTERED_FILES = 16384,
};

static void open_ring(struct engine *engine) {
    // SINGLE_ISSUER and DEFER_TASKRUN: one thread submits, and the kernel does its part of the work only when this
    // thread waits, all at once. SUBMIT_ALL: a failing entry does not block the others.
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE,
        .cq_entries = COMPLETIONS,
    };
    int result = io_uring_queue_init_params(SUBMISSIONS, &engine->ring, &parameters);
    if (result == -EPERM) {
        fail("io_uring is not allowed; see the sysctl kernel.io_uring_disabled and the container's seccomp profile");
    }
    if (result != 0) fail_with(-result, "cannot open a ring; kernel 6.1 or newer is needed");

    // This saves the kernel a descriptor lookup in each enter.
    io_uring_register_ring_fd(&engine->ring);
    if (engine->use_registered_files) {
        result = io_uring_register_files_sparse(&engine->ring, REGISTERED_FILES);
        if (result != 0) fail_with(-result, "cannot register %d files; raise the limit (ulimit -n)", REGISTERED_FILES);
    }
}

static inline void dispatch(struct engine *engine, const struct io_uring_cqe *completion) {
    struct connection *connection = token_connection(completion->user_data);
    switch (token_operation(completion->user_data)) {
    case OPERATION_RECEIVE: receive_completed(engine, connection, completion); break;
    case OPERATION_SEND: send_completed(engine, connection, completion->res); break;
    case OPERATION_ACCEPT: accept_completed(engine, completion); break;
    case OPERATION_CONNECT: connect_completed(engine, connection, completion->res); break;
    case OPERATION_CLOSE: break;
    }
}

// Submits queued entries and waits for the first completion: the only system call of a turn.
static void submit_and_wait(struct engine *engine) {
    int result;
    do {
        if (must_resume_more(engine)) {
            result = io_uring_submit_and_get_events(&engine->ring);
        } else {
            result = io_uring_submit_and_wait(&engine->ring, 1);
        }
    } while (result == -EINTR || result == -EAGAIN);
    if (result < 0) fail_with(-result, "io_uring_enter failed");
    if (io_uring_sq_ready(&engine->ring) > 0) fail("the kernel did not take all submissions; is memory short?");
    engine->gathered_count = 0;
}

static void turn(struct engine *engine) {
    submit_and_wait(engine);

    struct io_uring_cqe *completion;
    unsigned head;
    unsigned count = 0;
    io_uring_for_each_cqe(&engine->ring, head, completion) {
        dispatch(engine, completion);
        count++;
    }
    io_uring_cq_advance(&engine->ring, count);

    settle_inline_sends(engine);
    chunk_pool_publish(&engine->pool);
    resume_parked(engine);
    start_ready_sends(engine);
}

void engine_run(const struct engine_options *options) {
    raise_file_limit();
    struct engine *engine = calloc(1, sizeof(struct engine));
    if (engine == NULL) fail("out of memory");
    engine->gathered = calloc(GATHERED_SENDS, sizeof(struct gathered_send));
    if (engine->gathered == NULL) fail("out of memory");
    engine->use_inline_sends = options->inline_sends;
    engine->use_registered_files = options->registered_files;
    if (options->to != NULL) {
        engine->is_relay = true;
        engine->upstream = parse_address("--to", options->to);
    }

    open_ring(engine);
    chunk_pool_open(&engine->pool, &engine->ring, options->chunk_size, options->chunks, options->incremental);
    engine->listener = listen_on(parse_address("--listen", options->listen), false);
    arm_accept(engine);
    announce(engine->listener);
    while (true) turn(engine);
}
