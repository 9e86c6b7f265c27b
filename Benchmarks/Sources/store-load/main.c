// Clients of a store: each sends records and waits until all of them are acknowledged.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_support.h"

static const char usage[] =
    "HOST:PORT [--clients COUNT] [--records COUNT] [--size BYTES] [--limit TIME]\n"
    "Each client sends its records ('S', 4 bytes of length, the value) and waits for a '+' for each.\n"
    "Reports as JSON how many clients were served, and how long that took.\n";

enum { MAX_CLIENTS = 1000, HEADER = 5 };

struct client {
    int file;
    uint64_t sent;
    uint64_t acknowledged;
    uint64_t ended;
    bool has_failed;
};

struct load {
    uint64_t clients;
    uint64_t records;
    uint64_t size;
    char *record;
    uint64_t record_length;
    struct client all[MAX_CLIENTS];
};

static void make_record(struct load *load) {
    load->record_length = HEADER + load->size;
    load->record = malloc(load->record_length);
    if (load->record == NULL) fail("out of memory");
    memset(load->record, 'v', load->record_length);
    load->record[0] = 'S';
    uint32_t length = htonl((uint32_t)load->size);
    memcpy(load->record + 1, &length, sizeof(length));
}

static void end_client(struct client *client, bool has_failed) {
    close(client->file);
    client->file = -1;
    client->has_failed = has_failed;
    client->ended = monotonic_nanoseconds();
}

static void send_some(struct load *load, struct client *client) {
    uint64_t offset = client->sent % load->record_length;
    ssize_t sent = send(client->file, load->record + offset, load->record_length - offset, MSG_NOSIGNAL);
    if (sent > 0) client->sent += (uint64_t)sent;
    if (sent < 0 && errno != EAGAIN) end_client(client, true);
}

static void receive(struct load *load, struct client *client) {
    char bytes[4096];
    ssize_t received = recv(client->file, bytes, sizeof(bytes), 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) return end_client(client, true);
    client->acknowledged += (uint64_t)received;
    if (client->acknowledged >= load->records) end_client(client, false);
}

// Returns whether a client still waits.
static bool turn(struct load *load, uint64_t until) {
    struct pollfd files[MAX_CLIENTS];
    bool waits = false;
    for (uint64_t index = 0; index < load->clients; index++) {
        const struct client *client = &load->all[index];
        bool sends = client->sent < load->records * load->record_length;
        files[index] = (struct pollfd){.fd = client->file, .events = (short)(POLLIN | (sends ? POLLOUT : 0))};
        waits = waits || client->file >= 0;
    }
    uint64_t now = monotonic_nanoseconds();
    if (!waits || now >= until) return false;
    int ready = poll(files, load->clients, (int)((until - now) / 1000000 + 1));
    if (ready < 0 && errno != EINTR) fail_with(errno, "poll failed");
    for (uint64_t index = 0; index < load->clients && ready > 0; index++) {
        struct client *client = &load->all[index];
        if (client->file >= 0 && (files[index].revents & ~POLLOUT) != 0) receive(load, client);
        if (client->file >= 0 && (files[index].revents & POLLOUT) != 0) send_some(load, client);
    }
    return true;
}

int main(int count, char **arguments) {
    static const struct option names[] = {
        {"clients", required_argument, NULL, 'c'}, {"records", required_argument, NULL, 'r'},
        {"size", required_argument, NULL, 's'},    {"limit", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    static struct load load = {.clients = 1, .records = 1, .size = 1 << 20};
    uint64_t limit = 10000000000u;
    int name;
    while ((name = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (name) {
        case 'c': load.clients = parse_count("--clients", optarg, 1, MAX_CLIENTS); break;
        case 'r': load.records = parse_count("--records", optarg, 1, 1 << 30); break;
        case 's': load.size = parse_count("--size", optarg, 1, 64 << 20); break;
        case 'l': limit = parse_nanoseconds("--limit", optarg); break;
        case 'h': show_help(usage);
        default: usage_error(usage);
        }
    }
    if (optind != count - 1) usage_error(usage);
    struct sockaddr_in address = parse_address("the target", arguments[optind]);
    make_record(&load);
    // A time limit in case the server accepts no connection at all.
    alarm((unsigned)(limit / 1000000000u) + 10);

    uint64_t start = monotonic_nanoseconds();
    for (uint64_t index = 0; index < load.clients; index++) {
        struct client *client = &load.all[index];
        client->file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (client->file < 0) fail_with(errno, "cannot make a socket");
        if (connect(client->file, (struct sockaddr *)&address, sizeof(address)) != 0) {
            fail_with(errno, "cannot connect");
        }
        fcntl(client->file, F_SETFL, O_NONBLOCK);
    }
    while (turn(&load, start + limit)) {}

    uint64_t completed = 0, failed = 0, last = start;
    for (uint64_t index = 0; index < load.clients; index++) {
        const struct client *client = &load.all[index];
        if (client->file < 0 && !client->has_failed) completed++;
        if (client->has_failed) failed++;
        uint64_t ended = client->file < 0 ? client->ended : start + limit;
        if (ended > last) last = ended;
    }
    printf("{\"completed\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"seconds\":%.4f}\n", completed, failed,
           (double)(last - start) / 1e9);
}
