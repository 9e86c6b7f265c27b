// Code that every C peer needs besides moving bytes: messages, options, listening sockets.

#ifndef PEER_SUPPORT_H
#define PEER_SUPPORT_H

#include <getopt.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

// Prints "NAME: error: MESSAGE" and exits with 1. `fail_with` appends the text of the error number.
noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
noreturn void fail_with(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Prints the usage and exits: with 2 after an invalid option.
noreturn void usage_error(const char *usage);
noreturn void show_help(const char *usage);

// A number of bytes or items: 65536, 64k, 1m.
uint64_t parse_count(const char *option, const char *text, uint64_t minimum, uint64_t maximum);

// A duration: 500ms, 1.5s, 2m. A bare number means seconds.
uint64_t parse_nanoseconds(const char *option, const char *text);

// 127.0.0.1:7000. IPv4 only: a peer runs on the same machine as its client.
struct sockaddr_in parse_address(const char *option, const char *text);

// A listening socket. Connections inherit TCP_NODELAY from it, which saves a call for each of them.
int listen_on(struct sockaddr_in address, bool nonblocking);

// Prints "listening on HOST:PORT" with the port that the system chose.
void announce(int listener);

// Raises the limit of open files to the hard limit.
void raise_file_limit(void);

// Lowers the priority of the calling thread, or raises it with a negative number. Without the privilege to raise it,
// nothing changes.
void add_niceness(int steps);

uint64_t monotonic_nanoseconds(void);

#endif
