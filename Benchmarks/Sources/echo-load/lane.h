// One lane of the load: it keeps `depth` messages in flight and sends a new one for each echo, either on one connection
// or with a new connection for each message.

#ifndef LANE_H
#define LANE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

struct lane {
    int file;
    // Bytes to be sent as soon as the socket takes them.
    uint64_t unsent;
    uint64_t sent;
    uint64_t received;
    // When each message in flight was submitted: a ring of `depth` times, indexed by the message's number.
    uint64_t *started;
    uint64_t next_to_start;
    uint64_t next_to_end;
};

struct load {
    const char *target;
    struct sockaddr_in address;
    uint64_t connections;
    uint64_t message_size;
    uint64_t depth;
    bool verify;
    // Each message has a connection of its own, and the time includes connecting. Only with a depth of 1.
    bool reconnects;

    struct lane *lanes;
    int epoll;
    // Connections made so far, which determine the address of the next one.
    uint32_t connected;

    // The bytes sent. When they are verified, each position in the stream has its own; otherwise they are always the
    // same, so that they stay in the cache.
    char *pattern;
    uint64_t pattern_length;
    uint64_t pattern_period;

    // While it sends a new message for each answer. Later it only waits for outstanding answers.
    bool sends_more;
    // While answers count.
    bool measures;
    uint64_t requests;
    uint64_t all_requests;
    struct histogram latencies;
};

void load_connect(struct load *load);

// Starts the first `depth` messages of each lane.
void load_start(struct load *load);

// Waits for events until the given time at most.
void load_turn(struct load *load, uint64_t until);

bool load_is_drained(const struct load *load);

#endif
