// The memory for receives, shared with the kernel through a ring of provided buffers.
//
// A chunk belongs to the kernel while it is in the ring. It returns to the ring when two conditions hold: the kernel
// has released it, and no slice of it is waiting to be sent. All chunks that return during one turn of the loop are
// published with one store of the ring's tail.

#ifndef CHUNK_POOL_H
#define CHUNK_POOL_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

enum { CHUNK_GROUP = 0 };

struct chunk {
    char *bytes;
    // How far the kernel has filled it. Only with incremental consumption.
    uint32_t filled;
    // Slices that are waiting to be sent.
    uint32_t slices;
    // The kernel will not write to it any more.
    bool used_up;
};

struct chunk_pool {
    struct chunk *chunks;
    struct io_uring_buf_ring *entries;
    uint32_t chunk_size;
    int mask;
    bool incremental;
    // Added to the ring, but not published to the kernel yet.
    int unpublished;
    // Chunks that the kernel may write to.
    uint32_t available;
};

void chunk_pool_open(struct chunk_pool *pool, struct io_uring *ring, uint32_t chunk_size, uint32_t chunks,
                     bool incremental);

static inline void chunk_give_back(struct chunk_pool *pool, uint32_t index) {
    struct chunk *chunk = &pool->chunks[index];
    chunk->filled = 0;
    chunk->used_up = false;
    io_uring_buf_ring_add(pool->entries, chunk->bytes, pool->chunk_size, (unsigned short)index, pool->mask,
                          pool->unpublished++);
    pool->available++;
}

static inline void chunk_pool_publish(struct chunk_pool *pool) {
    if (pool->unpublished == 0) return;
    io_uring_buf_ring_advance(pool->entries, pool->unpublished);
    pool->unpublished = 0;
}

// The memory that a receive of `length` bytes has filled. The caller makes a slice of it.
static inline char *chunk_take(struct chunk_pool *pool, uint32_t index, uint32_t length, bool kernel_has_more) {
    struct chunk *chunk = &pool->chunks[index];
    char *bytes = chunk->bytes + chunk->filled;
    if (pool->incremental) chunk->filled += length;
    if (!kernel_has_more) {
        chunk->used_up = true;
        pool->available--;
    }
    return bytes;
}

// Removes one slice.
static inline void chunk_release(struct chunk_pool *pool, uint32_t index) {
    struct chunk *chunk = &pool->chunks[index];
    if (--chunk->slices == 0 && chunk->used_up) chunk_give_back(pool, index);
}

#endif
