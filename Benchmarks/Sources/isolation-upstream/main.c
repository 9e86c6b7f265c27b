// A server whose clients choose what it does, by the first byte of their connections:
//
//     'p'  echo, on the thread of the probe, which must not wait for the attackers here
//     'g'  an endless stream
//     'x'  nothing: it never reads again
//     any  echo, on the thread of the attackers

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_support.h"

static const char usage[] =
    "[--listen HOST:PORT] [--buffer BYTES]\n"
    "Echoes, generates or stalls, as the first byte of each connection says. --buffer is the size of socket buffers.\n";

enum { EVENTS = 256, PIECE = 16 << 10, GENERATED = 64 << 10 };

enum role { UNKNOWN, ECHO, GENERATE, STALL };

struct connection {
    int file;
    enum role role;
    // Bytes that the socket has not taken yet. While there are any, nothing is received.
    char *unsent;
    size_t unsent_length;
};

struct upstream {
    int listener;
    // The first accepts and serves the probe, the second serves all others. Each has a thread.
    int epoll;
    int crowd_epoll;
};

static void watch(int epoll, struct connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->file, &event) != 0) fail_with(errno, "epoll_ctl failed");
}

static void close_connection(struct connection *connection) {
    close(connection->file);
    free(connection->unsent);
    free(connection);
}

static void accept_all(struct upstream *upstream) {
    while (true) {
        int file = accept4(upstream->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (file < 0) {
            if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
            fail_with(errno, "cannot accept a connection; raise the limit of open files (ulimit -n)");
        }
        struct connection *connection = calloc(1, sizeof(struct connection));
        if (connection == NULL) fail("out of memory");
        connection->file = file;
        watch(upstream->epoll, connection, EPOLL_CTL_ADD, EPOLLIN);
    }
}

// Returns whether the connection stays open.
static bool send_back(int epoll, struct connection *connection, const char *bytes, size_t length) {
    ssize_t sent = send(connection->file, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    size_t done = sent > 0 ? (size_t)sent : 0;
    bool waited = connection->unsent_length > 0;
    connection->unsent_length = length - done;
    if (connection->unsent_length > 0) {
        if (connection->unsent == NULL) connection->unsent = malloc(PIECE);
        if (connection->unsent == NULL) fail("out of memory");
        memmove(connection->unsent, bytes + done, connection->unsent_length);
    }
    bool waits = connection->unsent_length > 0;
    if (waits != waited) watch(epoll, connection, EPOLL_CTL_MOD, waits ? EPOLLOUT : EPOLLIN);
    return true;
}

static bool generate(struct connection *connection) {
    static const char zeros[GENERATED];
    return send(connection->file, zeros, GENERATED, MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
}

static bool echo(int epoll, struct connection *connection) {
    if (connection->unsent_length > 0) {
        return send_back(epoll, connection, connection->unsent, connection->unsent_length);
    }
    char bytes[PIECE];
    ssize_t received = recv(connection->file, bytes, PIECE, 0);
    if (received <= 0) return received < 0 && errno == EAGAIN;
    return send_back(epoll, connection, bytes, (size_t)received);
}

// Peeks, so that an echo includes the first byte.
static bool choose(struct upstream *upstream, struct connection *connection) {
    char first;
    ssize_t received = recv(connection->file, &first, 1, MSG_PEEK);
    if (received <= 0) return received < 0 && errno == EAGAIN;
    connection->role = first == 'g' ? GENERATE : first == 'x' ? STALL : ECHO;
    if (first == 'p') return true;
    epoll_ctl(upstream->epoll, EPOLL_CTL_DEL, connection->file, NULL);
    uint32_t events = connection->role == GENERATE ? EPOLLOUT : connection->role == ECHO ? EPOLLIN : 0;
    watch(upstream->crowd_epoll, connection, EPOLL_CTL_ADD, events);
    return true;
}

static bool serve(struct upstream *upstream, int epoll, struct connection *connection, uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return false;
    switch (connection->role) {
    case UNKNOWN: return choose(upstream, connection);
    case ECHO: return echo(epoll, connection);
    case GENERATE: return generate(connection);
    case STALL: return true;
    }
    return false;
}

static noreturn void run(struct upstream *upstream, int epoll) {
    struct epoll_event events[EVENTS];
    while (true) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) fail_with(errno, "epoll_wait failed");
        for (int index = 0; index < ready; index++) {
            struct connection *connection = events[index].data.ptr;
            if (connection == NULL) {
                accept_all(upstream);
            } else if (!serve(upstream, epoll, connection, events[index].events)) {
                close_connection(connection);
            }
        }
    }
}

static void *serve_crowd(void *upstream) {
    add_niceness(10);
    run(upstream, ((struct upstream *)upstream)->crowd_epoll);
}

int main(int count, char **arguments) {
    static const struct option names[] = {
        {"listen", required_argument, NULL, 'l'}, {"buffer", required_argument, NULL, 'b'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    const char *listen = "127.0.0.1:0";
    int buffer = 16 << 10;
    int name;
    while ((name = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (name) {
        case 'l': listen = optarg; break;
        case 'b': buffer = (int)parse_count("--buffer", optarg, 1, 1 << 30); break;
        case 'h': show_help(usage);
        default: usage_error(usage);
        }
    }
    if (optind != count) usage_error(usage);

    raise_file_limit();
    static struct upstream upstream;
    upstream.epoll = epoll_create1(EPOLL_CLOEXEC);
    upstream.crowd_epoll = epoll_create1(EPOLL_CLOEXEC);
    if (upstream.epoll < 0 || upstream.crowd_epoll < 0) fail_with(errno, "cannot make an epoll instance");
    upstream.listener = listen_on(parse_address("--listen", listen), true);
    // Connections inherit them. They bound the kernel's memory for each attacker.
    setsockopt(upstream.listener, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    setsockopt(upstream.listener, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(upstream.epoll, EPOLL_CTL_ADD, upstream.listener, &event) != 0) fail_with(errno, "epoll_ctl failed");

    pthread_t crowd;
    int error = pthread_create(&crowd, NULL, serve_crowd, &upstream);
    if (error != 0) fail_with(error, "cannot start a thread");
    add_niceness(-5);
    announce(upstream.listener);
    run(&upstream, upstream.epoll);
}
