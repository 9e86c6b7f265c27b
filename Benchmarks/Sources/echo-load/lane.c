#define _GNU_SOURCE
#include "lane.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_support.h"

enum { EVENTS = 512, RECEIVE_SIZE = 256 << 10, SEND_SIZE = 256 << 10 };

// Prime, so that no message size and no buffer size divides it: pieces that are lost, doubled or swapped show.
enum { VERIFIED_PERIOD = 1000003 };

static char received_bytes[RECEIVE_SIZE];

static void make_pattern(struct load *load) {
    load->pattern_period = load->verify ? VERIFIED_PERIOD : 1;
    uint64_t longest = load->message_size * load->depth;
    if (longest > SEND_SIZE) longest = SEND_SIZE;
    if (load->verify && longest < RECEIVE_SIZE) longest = RECEIVE_SIZE;
    load->pattern_length = longest;

    load->pattern = malloc(load->pattern_period + longest);
    if (load->pattern == NULL) fail("out of memory");
    uint32_t state = 2463534242u;
    for (uint64_t place = 0; place < load->pattern_period + longest; place++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        load->pattern[place] = place < load->pattern_period ? (char)state : load->pattern[place - load->pattern_period];
    }
}

// After a connection its address and port are unusable for a while (TIME_WAIT). So there are many addresses, all of
// this machine, and connect() chooses the port.
static void bind_to_next_address(struct load *load, int file) {
    enum { ADDRESSES = 250 };
    int on = 1;
    setsockopt(file, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 + load->connected++ % ADDRESSES),
    };
    if (bind(file, (struct sockaddr *)&source, sizeof(source)) != 0) fail_with(errno, "cannot use an address of 127/8");
}

// The kernel makes a connection to this machine at once, within the call.
static void lane_connect(struct load *load, struct lane *lane) {
    lane->file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (lane->file < 0) fail_with(errno, "cannot make a socket; raise the limit of open files (ulimit -n)");
    if (load->reconnects) bind_to_next_address(load, lane->file);
    if (connect(lane->file, (struct sockaddr *)&load->address, sizeof(load->address)) != 0) {
        fail_with(errno, "cannot connect to %s; is the server running?", load->target);
    }
    // A single message is sent at once.
    int on = 1;
    if (!load->reconnects) setsockopt(lane->file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(lane->file, F_SETFL, O_NONBLOCK);
}

static void lane_watch(struct load *load, struct lane *lane) {
    // A short message always finds room, so there is no need to wait for room.
    uint32_t events = load->reconnects ? EPOLLIN : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    struct epoll_event event = {.events = events, .data.ptr = lane};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, lane->file, &event) != 0) fail_with(errno, "epoll_ctl failed");
}

void load_connect(struct load *load) {
    make_pattern(load);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->lanes = calloc(load->connections, sizeof(struct lane));
    uint64_t *times = calloc(load->connections * load->depth, sizeof(uint64_t));
    if (load->epoll < 0 || load->lanes == NULL || times == NULL) fail("out of memory");

    for (uint64_t index = 0; index < load->connections; index++) {
        struct lane *lane = &load->lanes[index];
        lane->started = times + index * load->depth;
        lane_connect(load, lane);
        lane_watch(load, lane);
    }
}

static void lane_start_message(struct load *load, struct lane *lane, uint64_t now) {
    lane->started[lane->next_to_start % load->depth] = now;
    lane->next_to_start++;
    lane->unsent += load->message_size;
}

static void lane_send(struct load *load, struct lane *lane) {
    while (lane->unsent > 0) {
        uint64_t length = lane->unsent < load->pattern_length ? lane->unsent : load->pattern_length;
        const char *bytes = load->pattern + lane->sent % load->pattern_period;
        ssize_t sent = send(lane->file, bytes, length, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN) return;
            fail_with(errno, "cannot send to %s", load->target);
        }
        lane->sent += (uint64_t)sent;
        lane->unsent -= (uint64_t)sent;
    }
}

static void lane_check(struct load *load, const struct lane *lane, uint64_t length) {
    if (lane->received + length > lane->sent) fail("%s sent more than it got", load->target);
    if (!load->verify) return;
    if (memcmp(received_bytes, load->pattern + lane->received % load->pattern_period, length) != 0) {
        fail("%s did not echo the bytes that it got", load->target);
    }
}

static void lane_end_messages(struct load *load, struct lane *lane) {
    uint64_t now = monotonic_nanoseconds();
    while (lane->next_to_end < lane->next_to_start && lane->received >= (lane->next_to_end + 1) * load->message_size) {
        uint64_t latency = now - lane->started[lane->next_to_end % load->depth];
        lane->next_to_end++;
        load->all_requests++;
        if (load->measures) {
            load->requests++;
            histogram_record(&load->latencies, latency);
        }
        if (load->sends_more) lane_start_message(load, lane, now);
    }
}

// The next message's time starts before its connection is made.
static void lane_reconnect(struct load *load, struct lane *lane) {
    close(lane->file);
    lane->file = -1;
    if (lane->unsent == 0) return;
    lane_connect(load, lane);
    lane_send(load, lane);
    if (lane->unsent > 0) fail("a message of %llu bytes is too long for a connection of its own",
                               (unsigned long long)load->message_size);
    lane_watch(load, lane);
}

static void lane_receive(struct load *load, struct lane *lane, bool must_find_end) {
    while (true) {
        ssize_t received = recv(lane->file, received_bytes, RECEIVE_SIZE, 0);
        if (received < 0) {
            if (errno == EAGAIN) return;
            fail_with(errno, "cannot receive from %s", load->target);
        }
        if (received == 0) fail("%s closed a connection", load->target);
        lane_check(load, lane, (uint64_t)received);
        lane->received += (uint64_t)received;
        uint64_t ended = lane->next_to_end;
        lane_end_messages(load, lane);
        if (load->reconnects) {
            if (lane->next_to_end > ended) return lane_reconnect(load, lane);
            continue;
        }
        lane_send(load, lane);
        if (received < RECEIVE_SIZE && !must_find_end) return;
    }
}

void load_start(struct load *load) {
    load->sends_more = true;
    for (uint64_t index = 0; index < load->connections; index++) {
        struct lane *lane = &load->lanes[index];
        uint64_t now = monotonic_nanoseconds();
        for (uint64_t message = 0; message < load->depth; message++) lane_start_message(load, lane, now);
        lane_send(load, lane);
    }
}

void load_turn(struct load *load, uint64_t until) {
    uint64_t now = monotonic_nanoseconds();
    if (now >= until) return;
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(load->epoll, events, EVENTS, (int)((until - now) / 1000000 + 1));
    if (ready < 0 && errno != EINTR) fail_with(errno, "epoll_wait failed");
    for (int index = 0; index < ready; index++) {
        struct lane *lane = events[index].data.ptr;
        if (!load->reconnects) lane_send(load, lane);
        if ((events[index].events & ~(uint32_t)EPOLLOUT) != 0) {
            lane_receive(load, lane, (events[index].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
        }
    }
}

bool load_is_drained(const struct load *load) {
    for (uint64_t index = 0; index < load->connections; index++) {
        const struct lane *lane = &load->lanes[index];
        if (lane->received < lane->next_to_start * load->message_size) return false;
    }
    return true;
}
