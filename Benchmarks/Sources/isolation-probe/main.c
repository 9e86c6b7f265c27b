// Well-behaved clients: each sends a small message, waits for the answer, pauses, and sends the next one.
//
// They report every answer, so that another program can assign them to seconds. Times count from --from, on the
// monotonic clock, which all programs on a machine share.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_support.h"

static const char usage[] =
    "HOST:PORT --from TIME --until TIME [--connections COUNT] [--interval TIME] [--size BYTES] [--form FORM]\n"
    "On each connection sends a message, waits for its echo, pauses, and repeats; reports every answer as JSON.\n"
    "--from and --until are nanoseconds of the monotonic clock.\n"
    "--form is 'line' (a line), 'frame' (4 bytes of length, then that many) or 'record' ('E', then a frame).\n";

enum { MAX_CONNECTIONS = 1000, MAX_SIZE = 4096 };

struct client {
    // -1 after a failure: a client that has lost its connection does not reconnect.
    int file;
    // When the next message is due, while none is in flight.
    uint64_t due;
    // When the message in flight was first tried, and whether the socket has taken it.
    uint64_t started;
    bool is_sent;
    size_t received;
    const char *failure;
    uint64_t failed;
};

struct answer {
    uint64_t sent;
    uint64_t latency;
};

struct probe {
    struct sockaddr_in address;
    uint64_t from;
    uint64_t until;
    uint64_t interval;
    uint64_t connections;
    uint64_t size;
    char message[MAX_SIZE];
    struct client clients[MAX_CONNECTIONS];
    struct answer *answers;
    uint64_t answer_count;
    uint64_t answer_limit;
};

static void make_message(struct probe *probe, const char *form) {
    size_t length_at = 0;
    memset(probe->message, 'p', probe->size);
    if (strcmp(form, "line") == 0) {
        probe->message[probe->size - 1] = '\n';
        return;
    }
    if (strcmp(form, "record") == 0) {
        probe->message[length_at++] = 'E';
    } else if (strcmp(form, "frame") != 0) {
        fail("--form must be 'line', 'frame' or 'record', not '%s'", form);
    }
    uint32_t length = htonl((uint32_t)(probe->size - length_at - sizeof(length)));
    memcpy(probe->message + length_at, &length, sizeof(length));
}

static void parse_options(struct probe *probe, int count, char **arguments) {
    static const struct option names[] = {
        {"from", required_argument, NULL, 'f'},     {"until", required_argument, NULL, 'u'},
        {"interval", required_argument, NULL, 'i'}, {"connections", required_argument, NULL, 'c'},
        {"size", required_argument, NULL, 's'},     {"form", required_argument, NULL, 'F'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    const char *form = "line";
    probe->interval = 20000000;
    probe->connections = 20;
    probe->size = 64;
    int name;
    while ((name = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (name) {
        case 'f': probe->from = parse_count("--from", optarg, 1, UINT64_MAX / 2); break;
        case 'u': probe->until = parse_count("--until", optarg, 1, UINT64_MAX / 2); break;
        case 'i': probe->interval = parse_nanoseconds("--interval", optarg); break;
        case 'c': probe->connections = parse_count("--connections", optarg, 1, MAX_CONNECTIONS); break;
        case 's': probe->size = parse_count("--size", optarg, 8, MAX_SIZE); break;
        case 'F': form = optarg; break;
        case 'h': show_help(usage);
        default: usage_error(usage);
        }
    }
    if (optind != count - 1) usage_error(usage);
    if (probe->from >= probe->until) fail("--until must be later than --from");
    if (probe->interval < 1000000) fail("--interval must be 1ms or more");
    probe->address = parse_address("the target", arguments[optind]);
    make_message(probe, form);
    probe->answer_limit = probe->connections * ((probe->until - probe->from) / probe->interval + 2);
    probe->answers = calloc(probe->answer_limit, sizeof(struct answer));
    if (probe->answers == NULL) fail("out of memory");
}

static void connect_all(struct probe *probe) {
    for (uint64_t index = 0; index < probe->connections; index++) {
        struct client *client = &probe->clients[index];
        client->file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (client->file < 0) fail_with(errno, "cannot make a socket");
        int on = 1;
        setsockopt(client->file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (connect(client->file, (struct sockaddr *)&probe->address, sizeof(probe->address)) != 0) {
            fail_with(errno, "cannot connect");
        }
        fcntl(client->file, F_SETFL, O_NONBLOCK);
        // Spread over the interval, so that the server always has some of them.
        client->due = probe->from + probe->interval * index / probe->connections;
    }
}

static void lose(struct client *client, const char *reason) {
    client->failure = reason;
    client->failed = monotonic_nanoseconds();
    close(client->file);
    client->file = -1;
}

static void send_if_due(struct probe *probe, struct client *client, uint64_t now) {
    if (client->file < 0 || client->is_sent || now < client->due) return;
    if (client->started == 0) client->started = now;
    ssize_t sent = send(client->file, probe->message, probe->size, MSG_NOSIGNAL);
    if (sent == (ssize_t)probe->size) {
        client->is_sent = true;
        client->received = 0;
    } else if (sent < 0 && errno == EAGAIN) {
        client->due = now + 1000000;
    } else {
        lose(client, sent < 0 ? strerrorname_np(errno) : "a message was sent in part");
    }
}

static void record(struct probe *probe, struct client *client) {
    uint64_t now = monotonic_nanoseconds();
    if (probe->answer_count < probe->answer_limit) {
        probe->answers[probe->answer_count++] = (struct answer){client->started, now - client->started};
    }
    client->started = 0;
    client->is_sent = false;
    client->due = now + probe->interval;
}

static void receive(struct probe *probe, struct client *client) {
    char bytes[MAX_SIZE];
    ssize_t received = recv(client->file, bytes, sizeof(bytes), 0);
    if (received < 0) {
        if (errno != EAGAIN) lose(client, strerrorname_np(errno));
        return;
    }
    if (received == 0) return lose(client, "closed by the server");
    size_t wanted = client->is_sent ? probe->size - client->received : 0;
    if ((size_t)received > wanted || memcmp(bytes, probe->message + client->received, (size_t)received) != 0) {
        return lose(client, "a wrong answer");
    }
    client->received += (size_t)received;
    if (client->received == probe->size) record(probe, client);
}

// Waits for answers, or until the next message is due.
static void turn(struct probe *probe, uint64_t now) {
    struct pollfd files[MAX_CONNECTIONS];
    uint64_t wake = probe->until;
    for (uint64_t index = 0; index < probe->connections; index++) {
        struct client *client = &probe->clients[index];
        send_if_due(probe, client, now);
        files[index] = (struct pollfd){.fd = client->file, .events = POLLIN};
        if (client->file >= 0 && !client->is_sent && client->due < wake) wake = client->due;
    }
    now = monotonic_nanoseconds();
    uint64_t wait = wake > now ? wake - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(wait / 1000000000u), .tv_nsec = (long)(wait % 1000000000u)};
    int ready = ppoll(files, probe->connections, &timeout, NULL);
    if (ready < 0 && errno != EINTR) fail_with(errno, "ppoll failed");
    for (uint64_t index = 0; index < probe->connections && ready > 0; index++) {
        if (files[index].revents != 0 && probe->clients[index].file >= 0) receive(probe, &probe->clients[index]);
    }
}

static double microseconds(const struct probe *probe, uint64_t time) {
    return ((double)time - (double)probe->from) / 1e3;
}

static void print_report(const struct probe *probe) {
    printf("{\"answers\":[");
    for (uint64_t index = 0; index < probe->answer_count; index++) {
        const struct answer *answer = &probe->answers[index];
        printf("%s[%.0f,%.1f]", index > 0 ? "," : "", microseconds(probe, answer->sent), (double)answer->latency / 1e3);
    }
    printf("],\"unanswered\":[");
    const char *separator = "";
    for (uint64_t index = 0; index < probe->connections; index++) {
        const struct client *client = &probe->clients[index];
        if (client->file < 0 || client->started == 0) continue;
        printf("%s[%.0f,%.1f]", separator, microseconds(probe, client->started),
               (double)(probe->until - client->started) / 1e3);
        separator = ",";
    }
    printf("],\"failures\":[");
    separator = "";
    for (uint64_t index = 0; index < probe->connections; index++) {
        const struct client *client = &probe->clients[index];
        if (client->failure == NULL) continue;
        printf("%s{\"at_us\":%.0f,\"reason\":\"%s\"}", separator, microseconds(probe, client->failed), client->failure);
        separator = ",";
    }
    printf("]}\n");
}

int main(int count, char **arguments) {
    static struct probe probe;
    parse_options(&probe, count, arguments);
    // The attackers share its processor and must not delay it.
    add_niceness(-5);
    // A time limit in case the server accepts no connection at all.
    uint64_t now = monotonic_nanoseconds();
    alarm(now < probe.until ? (unsigned)((probe.until - now) / 1000000000u) + 10 : 10);

    connect_all(&probe);
    while ((now = monotonic_nanoseconds()) < probe.until) turn(&probe, now);
    // The report waits in the pipe until it is read.
    alarm(0);
    print_report(&probe);
}
