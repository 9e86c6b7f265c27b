#define _GNU_SOURCE
#include "local_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct sockaddr_in local_address(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

// Closes the socket and preserves the error number.
static int failed(int file) {
    int error = errno;
    close(file);
    return -error;
}

int listen_on_free_port(uint16_t *port) {
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0) return -errno;
    struct sockaddr_in address = local_address(0);
    socklen_t length = sizeof(address);
    if (bind(file, (struct sockaddr *)&address, length) != 0 || listen(file, 4096) != 0 ||
        getsockname(file, (struct sockaddr *)&address, &length) != 0) {
        return failed(file);
    }
    *port = ntohs(address.sin_port);
    return file;
}

int connect_to_port(uint16_t port) {
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0) return -errno;
    struct sockaddr_in address = local_address(port);
    if (connect(file, (struct sockaddr *)&address, sizeof(address)) != 0) return failed(file);
    struct timeval limit = {.tv_sec = 10};
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    return file;
}

int echo_bytes(int file, uint32_t count) {
    char bytes[4096] = {0};
    while (count > 0) {
        uint32_t part = count < sizeof(bytes) ? count : sizeof(bytes);
        if (send(file, bytes, part, MSG_NOSIGNAL) != (ssize_t)part) return -errno;
        ssize_t received = recv(file, bytes, part, MSG_WAITALL);
        if (received < 0) return -errno;
        if (received != (ssize_t)part) return -ECONNRESET;
        count -= part;
    }
    return 0;
}
