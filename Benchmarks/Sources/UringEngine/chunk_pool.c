#define _GNU_SOURCE
#include "chunk_pool.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "peer_support.h"

// IOU_PBUF_RING_INC, kernel 6.12. Debian's liburing 2.3 does not have it.
enum { INCREMENTAL = 2 };

static const size_t huge_page = 2 << 20;

// Mapped memory that starts at a huge page boundary, so the kernel may use huge pages.
static char *map_memory(size_t bytes) {
    size_t rounded = (bytes + huge_page - 1) / huge_page * huge_page;
    char *memory = mmap(NULL, rounded + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail_with(errno, "cannot get %zu bytes of memory; use a smaller pool", bytes);

    char *aligned = (char *)(((uintptr_t)memory + huge_page - 1) / huge_page * huge_page);
    madvise(aligned, rounded, MADV_HUGEPAGE);
    return aligned;
}

static void register_ring(struct io_uring *ring, void *entries, uint32_t count, bool incremental) {
    struct io_uring_buf_reg registration;
    memset(&registration, 0, sizeof(registration));
    registration.ring_addr = (uintptr_t)entries;
    registration.ring_entries = count;
    registration.bgid = CHUNK_GROUP;

    // The two bytes after `bgid` are the flags. liburing 2.3 still calls them padding.
    uint16_t flags = incremental ? INCREMENTAL : 0;
    memcpy((char *)&registration + offsetof(struct io_uring_buf_reg, bgid) + sizeof(registration.bgid), &flags,
           sizeof(flags));

    int result = io_uring_register_buf_ring(ring, &registration, 0);
    if (result == -EINVAL && incremental) {
        fail("this kernel has no incremental buffers (6.12); omit --incremental");
    }
    if (result != 0) fail_with(-result, "cannot register the buffer ring");
}

void chunk_pool_open(struct chunk_pool *pool, struct io_uring *ring, uint32_t chunk_size, uint32_t chunks,
                     bool incremental) {
    uint32_t count = 1;
    while (count < chunks) count *= 2;

    *pool = (struct chunk_pool){.chunk_size = chunk_size, .mask = (int)count - 1, .incremental = incremental};
    pool->entries = mmap(NULL, count * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pool->chunks = calloc(chunks, sizeof(struct chunk));
    if (pool->entries == MAP_FAILED || pool->chunks == NULL) fail("out of memory; use fewer chunks");
    io_uring_buf_ring_init(pool->entries);
    register_ring(ring, pool->entries, count, incremental);

    char *memory = map_memory((size_t)chunk_size * chunks);
    for (uint32_t index = 0; index < chunks; index++) {
        pool->chunks[index].bytes = memory + (size_t)index * chunk_size;
        chunk_give_back(pool, index);
    }
    chunk_pool_publish(pool);
}
