// The reference peer: an echo server on one thread, with io_uring.

#include "uring_engine.h"

int main(int count, char **arguments) {
    struct engine_options defaults = {
        .listen = "127.0.0.1:0",
        .chunk_size = 16 << 10,
        .chunks = 64,
    };
    struct engine_options options = engine_parse_options(count, arguments, false, defaults);
    engine_run(&options);
}
