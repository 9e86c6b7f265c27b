#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "peer_support.h"

uint64_t parse_count(const char *option, const char *text, uint64_t minimum, uint64_t maximum) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    unsigned shift = 0;
    if (*end == 'k') shift = 10;
    if (*end == 'm') shift = 20;
    if (shift != 0) end++;

    if (end == text || *end != '\0' || *text == '-' || errno != 0 || value > (UINT64_MAX >> shift)) {
        fail("%s takes a number such as 64, 64k or 1m, not '%s'", option, text);
    }
    value <<= shift;
    if (value < minimum || value > maximum) {
        fail("%s must be from %llu to %llu, not '%s'", option, (unsigned long long)minimum,
             (unsigned long long)maximum, text);
    }
    return value;
}

uint64_t parse_nanoseconds(const char *option, const char *text) {
    char *end = NULL;
    double value = strtod(text, &end);
    double scale = 0;
    if (strcmp(end, "ms") == 0) scale = 1e6;
    if (strcmp(end, "s") == 0 || *end == '\0') scale = 1e9;
    if (strcmp(end, "m") == 0) scale = 60e9;
    if (end == text || scale == 0 || !(value >= 0) || value * scale > 1e15) {
        fail("%s takes a time such as 500ms, 1.5s or 2m, not '%s'", option, text);
    }
    return (uint64_t)(value * scale);
}

struct sockaddr_in parse_address(const char *option, const char *text) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strrchr(text, ':');
    char host[INET_ADDRSTRLEN];
    size_t length = colon != NULL ? (size_t)(colon - text) : sizeof(host);
    if (length < sizeof(host)) {
        memcpy(host, text, length);
        host[length] = '\0';
        if (inet_pton(AF_INET, host, &address.sin_addr) == 1) {
            address.sin_port = htons((uint16_t)parse_count(option, colon + 1, 0, 65535));
            return address;
        }
    }
    fail("%s takes an IPv4 address and a port such as 127.0.0.1:7000, not '%s'", option, text);
}
