// Clients that take more from a server than they should: they push and never read, stop within a message, or dribble.
//
// Each sends an opening and then rests, pushes or dribbles. None ever reads. A client whose connection ends is counted,
// and reconnects only with --reconnect.

#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "peer_support.h"

static const char usage[] =
    "HOST:PORT --from TIME --until TIME [--clients COUNT] [--spread TIME] [--first CHARACTER] [--frame BYTES]\n"
    "       [--opening BYTES] [--fill CHARACTER] [--then rest|push|dribble] [--pause TIME] [--reconnect]\n"
    "       [--send-buffer BYTES] [--receive-buffer BYTES]\n"
    "Connects clients that never read, and reports as JSON how many connections were made, refused and ended.\n"
    "--from and --until are nanoseconds of the monotonic clock; the clients connect within --spread of --from.\n"
    "Each sends its --first character, a length of 4 bytes (--frame) and --opening bytes. Then it sends nothing, as\n"
    "much as the socket takes, or one byte in each --pause. --fill is the byte that is repeated; 'n' stands for LF.\n";

enum { EVENTS = 256, PUSH_SIZE = 64 << 10, MAX_OPENING = 16 << 20 };

enum manner { REST, PUSH, DRIBBLE };

struct attack {
    struct sockaddr_in address;
    uint64_t from;
    uint64_t until;
    uint64_t spread;
    uint64_t pause;
    uint64_t clients;
    enum manner manner;
    bool reconnects;
    int send_buffer;
    int receive_buffer;

    char *opening;
    size_t opening_length;
    char filling[PUSH_SIZE];

    int epoll;
    // By client; -1: not connected.
    int *files;
    size_t *opened;
    // Clients that have been connected, and bytes that were dribbled: both go round robin, so a count gives the next
    // client.
    uint64_t connected;
    uint64_t dribbled;

    uint64_t connections;
    uint64_t refused;
    uint64_t ended;
    uint64_t first_ended;
    uint64_t sent;
};

static char parse_character(const char *option, const char *text) {
    if (strlen(text) != 1) fail("%s takes one character, not '%s'", option, text);
    return *text;
}

static enum manner parse_manner(const char *text) {
    if (strcmp(text, "rest") == 0) return REST;
    if (strcmp(text, "push") == 0) return PUSH;
    if (strcmp(text, "dribble") == 0) return DRIBBLE;
    fail("--then must be 'rest', 'push' or 'dribble', not '%s'", text);
}

static void make_bytes(struct attack *attack, char first, uint64_t frame, uint64_t opening, char fill) {
    if (fill == 'n') fill = '\n';
    memset(attack->filling, fill, PUSH_SIZE);
    attack->opening = malloc(1 + sizeof(uint32_t) + opening);
    if (attack->opening == NULL) fail("out of memory");
    char *end = attack->opening;
    if (first != '\0') *end++ = first;
    if (frame > 0) {
        uint32_t length = htonl((uint32_t)frame);
        memcpy(end, &length, sizeof(length));
        end += sizeof(length);
    }
    memset(end, fill, opening);
    attack->opening_length = (size_t)(end - attack->opening) + opening;
}

static void parse_options(struct attack *attack, int count, char **arguments) {
    static const struct option names[] = {
        {"from", required_argument, NULL, 'f'},        {"until", required_argument, NULL, 'u'},
        {"clients", required_argument, NULL, 'c'},     {"spread", required_argument, NULL, 's'},
        {"first", required_argument, NULL, '1'},       {"frame", required_argument, NULL, 'F'},
        {"opening", required_argument, NULL, 'o'},     {"fill", required_argument, NULL, 'b'},
        {"then", required_argument, NULL, 't'},        {"pause", required_argument, NULL, 'p'},
        {"reconnect", no_argument, NULL, 'r'},         {"send-buffer", required_argument, NULL, 'S'},
        {"receive-buffer", required_argument, NULL, 'R'}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    char first = '\0', fill = 'x';
    uint64_t frame = 0, opening = 0;
    attack->clients = 1;
    attack->pause = 10000000000u;
    int name;
    while ((name = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (name) {
        case 'f': attack->from = parse_count("--from", optarg, 1, UINT64_MAX / 2); break;
        case 'u': attack->until = parse_count("--until", optarg, 1, UINT64_MAX / 2); break;
        case 'c': attack->clients = parse_count("--clients", optarg, 1, 15000); break;
        case 's': attack->spread = parse_nanoseconds("--spread", optarg); break;
        case '1': first = parse_character("--first", optarg); break;
        case 'F': frame = parse_count("--frame", optarg, 1, UINT32_MAX); break;
        case 'o': opening = parse_count("--opening", optarg, 0, MAX_OPENING); break;
        case 'b': fill = parse_character("--fill", optarg); break;
        case 't': attack->manner = parse_manner(optarg); break;
        case 'p': attack->pause = parse_nanoseconds("--pause", optarg); break;
        case 'r': attack->reconnects = true; break;
        case 'S': attack->send_buffer = (int)parse_count("--send-buffer", optarg, 1, 1 << 30); break;
        case 'R': attack->receive_buffer = (int)parse_count("--receive-buffer", optarg, 1, 1 << 30); break;
        case 'h': show_help(usage);
        default: usage_error(usage);
        }
    }
    if (optind != count - 1) usage_error(usage);
    if (attack->from >= attack->until) fail("--until must be later than --from");
    attack->address = parse_address("the target", arguments[optind]);
    make_bytes(attack, first, frame, opening, fill);
    attack->files = malloc(attack->clients * sizeof(int));
    attack->opened = calloc(attack->clients, sizeof(size_t));
    attack->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (attack->files == NULL || attack->opened == NULL || attack->epoll < 0) fail("out of memory");
    for (uint64_t client = 0; client < attack->clients; client++) attack->files[client] = -1;
}

static void watch(struct attack *attack, uint64_t client, int operation) {
    bool sends = attack->manner == PUSH || attack->opened[client] < attack->opening_length;
    struct epoll_event event = {.events = EPOLLRDHUP | (sends ? EPOLLOUT : 0), .data.u64 = client};
    if (epoll_ctl(attack->epoll, operation, attack->files[client], &event) != 0) fail_with(errno, "epoll_ctl failed");
}

static void open_client(struct attack *attack, uint64_t client) {
    int file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0) fail_with(errno, "cannot make a socket; raise the limit of open files (ulimit -n)");
    // Set before connecting: they determine the window that the server sees.
    if (attack->send_buffer > 0) setsockopt(file, SOL_SOCKET, SO_SNDBUF, &attack->send_buffer, sizeof(int));
    if (attack->receive_buffer > 0) setsockopt(file, SOL_SOCKET, SO_RCVBUF, &attack->receive_buffer, sizeof(int));
    if (connect(file, (struct sockaddr *)&attack->address, sizeof(attack->address)) != 0 && errno != EINPROGRESS) {
        attack->refused++;
        close(file);
        return;
    }
    attack->files[client] = file;
    attack->opened[client] = 0;
    attack->connections++;
    watch(attack, client, EPOLL_CTL_ADD);
}

static void end_client(struct attack *attack, uint64_t client) {
    close(attack->files[client]);
    attack->files[client] = -1;
    if (attack->ended++ == 0) attack->first_ended = monotonic_nanoseconds();
    if (attack->reconnects) open_client(attack, client);
}

// One call for each event: all clients push at the same rate, including those whose bytes the server takes at once.
static void send_some(struct attack *attack, uint64_t client) {
    size_t opened = attack->opened[client];
    bool opens = opened < attack->opening_length;
    const char *bytes = opens ? attack->opening + opened : attack->filling;
    size_t length = opens ? attack->opening_length - opened : PUSH_SIZE;
    ssize_t sent = send(attack->files[client], bytes, length, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN) end_client(attack, client);
        return;
    }
    attack->sent += (uint64_t)sent;
    if (!opens) return;
    attack->opened[client] += (size_t)sent;
    if (attack->opened[client] == attack->opening_length && attack->manner != PUSH) {
        watch(attack, client, EPOLL_CTL_MOD);
    }
}

// When the next client connects, and when the next byte is dribbled.
static uint64_t next_connection(const struct attack *attack) {
    if (attack->connected >= attack->clients) return UINT64_MAX;
    return attack->from + attack->spread * attack->connected / attack->clients;
}

static uint64_t next_dribble(const struct attack *attack) {
    if (attack->manner != DRIBBLE) return UINT64_MAX;
    uint64_t rounds = attack->dribbled / attack->clients, rest = attack->dribbled % attack->clients;
    return attack->from + attack->spread + attack->pause * rounds + attack->pause * rest / attack->clients;
}

static void do_what_is_due(struct attack *attack, uint64_t now) {
    while (next_connection(attack) <= now) open_client(attack, attack->connected++);
    while (next_dribble(attack) <= now) {
        uint64_t client = attack->dribbled++ % attack->clients;
        if (attack->files[client] < 0 || attack->opened[client] < attack->opening_length) continue;
        if (send(attack->files[client], attack->filling, 1, MSG_NOSIGNAL) == 1) attack->sent++;
    }
}

static void turn(struct attack *attack, uint64_t now) {
    do_what_is_due(attack, now);
    uint64_t wake = attack->until;
    if (next_connection(attack) < wake) wake = next_connection(attack);
    if (next_dribble(attack) < wake) wake = next_dribble(attack);
    struct epoll_event events[EVENTS];
    int timeout = wake > now ? (int)((wake - now) / 1000000 + 1) : 0;
    int ready = epoll_wait(attack->epoll, events, EVENTS, timeout);
    if (ready < 0 && errno != EINTR) fail_with(errno, "epoll_wait failed");
    for (int index = 0; index < ready; index++) {
        uint64_t client = events[index].data.u64;
        if (attack->files[client] < 0) continue;
        if ((events[index].events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) {
            end_client(attack, client);
        } else if ((events[index].events & EPOLLOUT) != 0) {
            send_some(attack, client);
        }
    }
}

static void wait_until(uint64_t time) {
    struct timespec until = {.tv_sec = (time_t)(time / 1000000000u), .tv_nsec = (long)(time % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {}
}

int main(int count, char **arguments) {
    static struct attack attack;
    parse_options(&attack, count, arguments);
    raise_file_limit();
    // The probe shares its processor and must not be delayed.
    add_niceness(5);

    wait_until(attack.from);
    uint64_t now;
    while ((now = monotonic_nanoseconds()) < attack.until) turn(&attack, now);

    double first = attack.ended > 0 ? (double)(attack.first_ended - attack.from) / 1e9 : 0;
    printf("{\"connections\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"ended\":%" PRIu64
           ",\"first_ended_s\":%.3f,\"sent_bytes\":%" PRIu64 "}\n",
           attack.connections, attack.refused, attack.ended, first, attack.sent);
}
