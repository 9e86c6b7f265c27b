#define _GNU_SOURCE
#include <string.h>

#include "peer_support.h"
#include "uring_engine.h"

static const char usage[] =
    "[--listen HOST:PORT] [--chunk-size BYTES] [--chunks COUNT]\n"
    "       [--incremental] [--inline-sends] [--registered-files]\n"
    "Echoes what it receives, on one thread, with io_uring.\n";

static const char relay_usage[] =
    "--to HOST:PORT [--listen HOST:PORT] [--chunk-size BYTES] [--chunks COUNT]\n"
    "       [--incremental] [--inline-sends]\n"
    "Relays connections to another server, on one thread, with io_uring.\n";

static const struct option names[] = {
    {"listen", required_argument, NULL, 'l'},     {"to", required_argument, NULL, 't'},
    {"chunk-size", required_argument, NULL, 's'}, {"chunks", required_argument, NULL, 'c'},
    {"incremental", no_argument, NULL, 'i'},      {"inline-sends", no_argument, NULL, 'n'},
    {"registered-files", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct engine_options engine_parse_options(int count, char **arguments, bool is_relay, struct engine_options defaults) {
    const char *help = is_relay ? relay_usage : usage;
    struct engine_options options = defaults;
    int name;
    while ((name = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (name) {
        case 'l': options.listen = optarg; break;
        case 't': options.to = optarg; break;
        case 's': options.chunk_size = (uint32_t)parse_count("--chunk-size", optarg, 64, 64 << 20); break;
        case 'c': options.chunks = (uint32_t)parse_count("--chunks", optarg, 1, 32768); break;
        case 'i': options.incremental = true; break;
        case 'n': options.inline_sends = true; break;
        case 'f': options.registered_files = true; break;
        case 'h': show_help(help);
        default: usage_error(help);
        }
    }
    if (optind != count) usage_error(help);
    if (is_relay != (options.to != NULL)) usage_error(help);
    if (is_relay && options.registered_files) usage_error(help);
    return options;
}
