// Counts a program's heap allocations: when preloaded (LD_PRELOAD), it replaces the C library's functions.
//
// The counters lie in a file that the harness maps too, so they can be read while the program runs. MALLOC_COUNT_FILE
// names it. Until it is mapped, or without it, the counts are discarded.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "malloc_count.h"

static uint64_t unseen[MALLOC_COUNTERS];
static uint64_t *counters = unseen;

// The C library's internal names of the replaced functions.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

__attribute__((constructor)) static void open_counters(void) {
    const char *path = getenv("MALLOC_COUNT_FILE");
    if (path == NULL) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof(unseen), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) __atomic_store_n(&counters, memory, __ATOMIC_RELEASE);
}

static void count(enum malloc_counter counter) {
    __atomic_fetch_add(&__atomic_load_n(&counters, __ATOMIC_ACQUIRE)[counter], 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size) {
    count(COUNT_MALLOC);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(COUNT_CALLOC);
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    count(COUNT_REALLOC);
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    count(COUNT_ALIGNED);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = memalign(alignment, size);
    return *memory != NULL ? 0 : ENOMEM;
}
