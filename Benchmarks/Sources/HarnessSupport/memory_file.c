#define _GNU_SOURCE
#include "memory_file.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int make_memory_file(const char *contents, uint64_t length) {
    int file = memfd_create("peers", MFD_CLOEXEC);
    if (file < 0) return -errno;
    if (pwrite(file, contents, length, 0) != (ssize_t)length) {
        int error = errno;
        close(file);
        return -error;
    }
    return file;
}
