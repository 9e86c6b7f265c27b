// Slices of chunks in the order in which they are to be sent.

#ifndef SLICE_QUEUE_H
#define SLICE_QUEUE_H

#include <stdlib.h>

#include "chunk_pool.h"
#include "peer_support.h"

struct slice {
    struct slice *next;
    char *bytes;
    uint32_t length;
    uint32_t chunk;
};

struct slice_queue {
    struct slice *first;
    struct slice *last;
};

// Unused slices, so that none is allocated after warm-up.
struct slice_store {
    struct slice *free;
};

static inline struct slice *slice_make(struct slice_store *store) {
    enum { BATCH = 256 };
    if (store->free == NULL) {
        struct slice *batch = calloc(BATCH, sizeof(struct slice));
        if (batch == NULL) fail("out of memory");
        for (int index = 0; index < BATCH; index++) {
            batch[index].next = store->free;
            store->free = &batch[index];
        }
    }
    struct slice *slice = store->free;
    store->free = slice->next;
    return slice;
}

// Bytes that directly follow the last slice extend it instead of creating a new one.
static inline void slice_queue_append(struct slice_queue *queue, struct slice_store *store, struct chunk_pool *pool,
                                      uint32_t chunk, char *bytes, uint32_t length) {
    struct slice *last = queue->last;
    if (last != NULL && last->chunk == chunk && last->bytes + last->length == bytes) {
        last->length += length;
        return;
    }
    struct slice *slice = slice_make(store);
    *slice = (struct slice){.bytes = bytes, .length = length, .chunk = chunk};
    pool->chunks[chunk].slices++;
    if (last != NULL) {
        last->next = slice;
    } else {
        queue->first = slice;
    }
    queue->last = slice;
}

static inline bool slice_queue_is_empty(const struct slice_queue *queue) { return queue->first == NULL; }

// Removes the first slice and returns its memory.
static inline void slice_queue_drop_first(struct slice_queue *queue, struct slice_store *store,
                                          struct chunk_pool *pool) {
    struct slice *slice = queue->first;
    queue->first = slice->next;
    if (queue->first == NULL) queue->last = NULL;
    chunk_release(pool, slice->chunk);
    slice->next = store->free;
    store->free = slice;
}

// Removes `length` bytes from the front.
static inline void slice_queue_drop(struct slice_queue *queue, struct slice_store *store, struct chunk_pool *pool,
                                    size_t bytes) {
    while (queue->first != NULL && bytes >= queue->first->length) {
        bytes -= queue->first->length;
        slice_queue_drop_first(queue, store, pool);
    }
    if (bytes > 0 && queue->first != NULL) {
        queue->first->bytes += bytes;
        queue->first->length -= (uint32_t)bytes;
    }
}

static inline void slice_queue_clear(struct slice_queue *queue, struct slice_store *store, struct chunk_pool *pool) {
    while (queue->first != NULL) slice_queue_drop_first(queue, store, pool);
}

#endif
