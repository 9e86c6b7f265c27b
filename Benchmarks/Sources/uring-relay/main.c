// The peer of the proxy: a relay between each client and another server on one thread, with io_uring.

#include "uring_engine.h"

int main(int count, char **arguments) {
    struct engine_options defaults = {
        .listen = "127.0.0.1:0",
        .chunk_size = 1 << 20,
        .chunks = 4,
        .incremental = true,
    };
    struct engine_options options = engine_parse_options(count, arguments, true, defaults);
    engine_run(&options);
}
