// A closed loop of messages for any echo server: the same load for every server that is measured.
//
// It prints one line of JSON. The server's processor time is read here, directly at both ends of the measured window,
// so that it belongs to the requests of that window only.

#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lane.h"
#include "observation.h"
#include "peer_support.h"

static const char usage[] =
    "HOST:PORT [--connections COUNT] [--size BYTES] [--depth COUNT] [--duration TIME] [--warmup TIME]\n"
    "       [--reconnect] [--verify] [--server PROCESS] [--partner PROCESS] [--counters FILE]\n"
    "Sends messages to an echo server, a new one on each connection after each echo, and reports as JSON.\n"
    "--reconnect gives each message a connection of its own, which is closed gracefully.\n"
    "--server adds the processor time of that process, --counters how far the counters in that file have moved.\n"
    "--partner names a process that may run at the same time. Time that all others use is reported as a disturbance.\n";

struct options {
    struct load load;
    uint64_t warmup;
    uint64_t duration;
    struct observed observed;
};

static struct options parse_options(int count, char **arguments) {
    static const struct option names[] = {
        {"connections", required_argument, NULL, 'c'}, {"size", required_argument, NULL, 's'},
        {"depth", required_argument, NULL, 'p'},       {"duration", required_argument, NULL, 'd'},
        {"warmup", required_argument, NULL, 'w'},      {"verify", no_argument, NULL, 'v'},
        {"reconnect", no_argument, NULL, 'r'},
        {"server", required_argument, NULL, 'S'},      {"partner", required_argument, NULL, 'P'},
        {"counters", required_argument, NULL, 'C'},    {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {
        .load = {.connections = 50, .message_size = 64, .depth = 1},
        .warmup = 500000000,
        .duration = 1500000000,
    };
    int name;
    while ((name = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (name) {
        case 'c': options.load.connections = parse_count("--connections", optarg, 1, 100000); break;
        case 's': options.load.message_size = parse_count("--size", optarg, 1, 64 << 20); break;
        case 'p': options.load.depth = parse_count("--depth", optarg, 1, 4096); break;
        case 'd': options.duration = parse_nanoseconds("--duration", optarg); break;
        case 'w': options.warmup = parse_nanoseconds("--warmup", optarg); break;
        case 'v': options.load.verify = true; break;
        case 'r': options.load.reconnects = true; break;
        case 'S': options.observed.server = (pid_t)parse_count("--server", optarg, 1, 1 << 30); break;
        case 'P': options.observed.partner = (pid_t)parse_count("--partner", optarg, 1, 1 << 30); break;
        case 'C': options.observed.counters = open_counters(optarg); break;
        case 'h': show_help(usage);
        default: usage_error(usage);
        }
    }
    if (optind != count - 1) usage_error(usage);
    if (options.load.reconnects && options.load.depth != 1) fail("--reconnect has one message under way at a time");
    options.load.target = arguments[optind];
    options.load.address = parse_address("the target", arguments[optind]);
    return options;
}

static void run_for(struct load *load, uint64_t nanoseconds) {
    uint64_t until = monotonic_nanoseconds() + nanoseconds;
    while (monotonic_nanoseconds() < until) load_turn(load, until);
}

// Every message must be echoed completely.
static void drain(struct load *load) {
    const uint64_t limit = 10000000000u;
    uint64_t until = monotonic_nanoseconds() + limit;
    load->sends_more = false;
    while (!load_is_drained(load)) {
        if (monotonic_nanoseconds() >= until) fail("%s has not sent all answers after 10 s", load->target);
        load_turn(load, until);
    }
}

static double microseconds(const struct histogram *latencies, double part) {
    return (double)histogram_quantile(latencies, part) / 1e3;
}

static void print_report(const struct options *options, uint64_t elapsed, const struct observation *before,
                         const struct observation *after, uint64_t others) {
    const struct load *load = &options->load;
    double seconds = (double)elapsed / 1e9;
    printf("{\"connections\":%" PRIu64 ",\"size\":%" PRIu64 ",\"depth\":%" PRIu64 ",\"duration_s\":%.6f",
           load->connections, load->message_size, load->depth, seconds);
    printf(",\"requests\":%" PRIu64 ",\"all_requests\":%" PRIu64 ",\"requests_per_second\":%.1f", load->requests,
           load->all_requests, (double)load->requests / seconds);
    printf(",\"p50_us\":%.1f,\"p99_us\":%.1f,\"p99_9_us\":%.1f,\"max_us\":%.1f", microseconds(&load->latencies, 0.5),
           microseconds(&load->latencies, 0.99), microseconds(&load->latencies, 0.999),
           (double)load->latencies.maximum / 1e3);
    printf(",\"load_processor_ns\":%" PRIu64 ",\"server_processor_ns\":%" PRIu64,
           after->own_processor - before->own_processor, after->server_processor - before->server_processor);
    printf(",\"other_processor_ns\":%" PRIu64 ",\"stolen_ns\":%" PRIu64 ",\"counters\":[", others,
           after->stolen - before->stolen);
    for (int index = 0; index < MAX_COUNTERS; index++) {
        printf("%s%" PRIu64, index > 0 ? "," : "", after->counters[index] - before->counters[index]);
    }
    printf("]}\n");
}

int main(int count, char **arguments) {
    static struct options options;
    options = parse_options(count, arguments);
    struct load *load = &options.load;
    raise_file_limit();

    load_connect(load);
    load_start(load);
    run_for(load, options.warmup);

    // Scanning all processes takes a moment in which nothing is sent, so the load resumes before counting starts.
    note_others(&options.observed);
    run_for(load, 20000000);
    struct observation before;
    observe(&before, &options.observed);
    uint64_t start = monotonic_nanoseconds();
    load->measures = true;
    run_for(load, options.duration);
    load->measures = false;
    uint64_t elapsed = monotonic_nanoseconds() - start;
    struct observation after;
    observe(&after, &options.observed);
    uint64_t others = processor_time_of_others(&options.observed);

    drain(load);
    print_report(&options, elapsed, &before, &after, others);
}
