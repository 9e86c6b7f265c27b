// A single-threaded io_uring server that forwards what it receives: back to the sender, or to another server.
//
// It is meant to be the fastest server that plain code can give, as a reference for a runtime. It is not protected
// against hostile clients: one that never reads can hold the whole pool.

#ifndef URING_ENGINE_H
#define URING_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

struct engine_options {
    // Where to listen and, for a relay, where to connect to: HOST:PORT.
    const char *listen;
    const char *to;

    // The memory for receives: `chunks` pieces of `chunk_size` bytes.
    uint32_t chunk_size;
    uint32_t chunks;

    // Kernel 6.12: each receive directly follows the previous one until the chunk is full.
    bool incremental;

    // Sends that succeed at once post no completion.
    bool inline_sends;

    // Connections live in the ring's own table and never become file descriptors of the process. Not for a relay.
    bool registered_files;
};

// Parses the options. `is_relay` determines whether --to is required or unknown.
struct engine_options engine_parse_options(int count, char **arguments, bool is_relay, struct engine_options defaults);

// Serves until the process is killed.
void engine_run(const struct engine_options *options);

#endif
