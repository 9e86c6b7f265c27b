#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer_support.h"

static void print_error(const char *format, va_list arguments) {
    fprintf(stderr, "%s: error: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
}

noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_error(format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

noreturn void fail_with(int error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_error(format, arguments);
    va_end(arguments);
    fprintf(stderr, ": %s\n", strerror(error));
    exit(1);
}

noreturn void usage_error(const char *usage) {
    fprintf(stderr, "usage: %s %s", program_invocation_short_name, usage);
    exit(2);
}

noreturn void show_help(const char *usage) {
    printf("usage: %s %s", program_invocation_short_name, usage);
    exit(0);
}
