// The other common design of an echo server in C: one thread, epoll, non-blocking calls, no copy of its own.
//
// All connections receive into the same buffer, which therefore stays in the cache. If the socket does not take all of
// an answer, the connection keeps the buffer until it does, and the server continues with another one.

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_support.h"

static const char usage[] =
    "[--listen HOST:PORT] [--buffer-size BYTES]\n"
    "Echoes what it receives, on one thread, with epoll.\n";

enum { EVENTS = 512 };

struct buffer {
    struct buffer *next_free;
    size_t sent;
    size_t length;
    char bytes[];
};

struct connection {
    int file;
    // Bytes that the socket has not taken yet. While there are any, nothing is received.
    struct buffer *unsent;
};

struct server {
    int epoll;
    int listener;
    size_t buffer_size;
    struct buffer *free;
};

static struct buffer *take_buffer(struct server *server) {
    struct buffer *buffer = server->free;
    if (buffer != NULL) {
        server->free = buffer->next_free;
        return buffer;
    }
    buffer = malloc(sizeof(struct buffer) + server->buffer_size);
    if (buffer == NULL) fail("out of memory; use a smaller --buffer-size");
    return buffer;
}

static void give_back(struct server *server, struct buffer *buffer) {
    buffer->next_free = server->free;
    server->free = buffer;
}

static void watch(struct server *server, struct connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(server->epoll, operation, connection->file, &event) != 0) fail_with(errno, "epoll_ctl failed");
}

static void close_connection(struct server *server, struct connection *connection) {
    if (connection->unsent != NULL) give_back(server, connection->unsent);
    close(connection->file);
    free(connection);
}

static void accept_all(struct server *server) {
    while (true) {
        int file = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (file < 0) {
            if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
            fail_with(errno, "cannot accept a connection; raise the limit of open files (ulimit -n)");
        }
        struct connection *connection = calloc(1, sizeof(struct connection));
        if (connection == NULL) fail("out of memory");
        connection->file = file;
        watch(server, connection, EPOLL_CTL_ADD, EPOLLIN);
    }
}

enum outcome { ALL_DONE, MUST_WAIT, ENDED };

static enum outcome send_rest(struct connection *connection, struct buffer *buffer) {
    while (buffer->sent < buffer->length) {
        const char *rest = buffer->bytes + buffer->sent;
        ssize_t sent = send(connection->file, rest, buffer->length - buffer->sent, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN ? MUST_WAIT : ENDED;
        buffer->sent += (size_t)sent;
    }
    return ALL_DONE;
}

// Receives once and echoes that. Bytes that are left are handled in the next turn, because the kernel reports them
// again.
static enum outcome echo_once(struct server *server, struct connection *connection) {
    struct buffer *buffer = take_buffer(server);
    ssize_t received = recv(connection->file, buffer->bytes, server->buffer_size, 0);
    if (received <= 0) {
        give_back(server, buffer);
        return received < 0 && errno == EAGAIN ? MUST_WAIT : ENDED;
    }
    buffer->length = (size_t)received;
    buffer->sent = 0;

    enum outcome outcome = send_rest(connection, buffer);
    if (outcome == MUST_WAIT) {
        connection->unsent = buffer;
        watch(server, connection, EPOLL_CTL_MOD, EPOLLOUT);
    } else {
        give_back(server, buffer);
    }
    return outcome;
}

static enum outcome finish_unsent(struct server *server, struct connection *connection) {
    enum outcome outcome = send_rest(connection, connection->unsent);
    if (outcome != ALL_DONE) return outcome;
    give_back(server, connection->unsent);
    connection->unsent = NULL;
    watch(server, connection, EPOLL_CTL_MOD, EPOLLIN);
    return ALL_DONE;
}

static void serve(struct server *server, struct connection *connection) {
    enum outcome outcome =
        connection->unsent != NULL ? finish_unsent(server, connection) : echo_once(server, connection);
    if (outcome == ENDED) close_connection(server, connection);
}

int main(int count, char **arguments) {
    static const struct option names[] = {
        {"listen", required_argument, NULL, 'l'}, {"buffer-size", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    const char *listen = "127.0.0.1:0";
    struct server server = {.buffer_size = 256 << 10};
    int name;
    while ((name = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (name) {
        case 'l': listen = optarg; break;
        case 's': server.buffer_size = parse_count("--buffer-size", optarg, 1, 64 << 20); break;
        case 'h': show_help(usage);
        default: usage_error(usage);
        }
    }
    if (optind != count) usage_error(usage);

    raise_file_limit();
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server.epoll < 0) fail_with(errno, "cannot make an epoll instance");
    server.listener = listen_on(parse_address("--listen", listen), true);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &event) != 0) fail_with(errno, "epoll_ctl failed");
    announce(server.listener);

    static struct epoll_event events[EVENTS];
    while (true) {
        int ready = epoll_wait(server.epoll, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) fail_with(errno, "epoll_wait failed");
        for (int index = 0; index < ready; index++) {
            struct connection *connection = events[index].data.ptr;
            if (connection == NULL) {
                accept_all(&server);
            } else {
                serve(&server, connection);
            }
        }
    }
}
