// Latencies in buckets that grow with the value: each power of two is divided into 128, so the error of a value is less
// than one per cent. Recording is an increment, and nothing is allocated.

#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum { SUB_BUCKET_BITS = 7, SUB_BUCKETS = 1 << SUB_BUCKET_BITS, BUCKETS = (64 - SUB_BUCKET_BITS + 1) * SUB_BUCKETS };

struct histogram {
    uint64_t counts[BUCKETS];
    uint64_t total;
    uint64_t maximum;
};

static inline unsigned histogram_bucket(uint64_t value) {
    if (value < SUB_BUCKETS) return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - SUB_BUCKET_BITS;
    return ((shift + 1) << SUB_BUCKET_BITS) + (unsigned)((value >> shift) - SUB_BUCKETS);
}

// The middle of a bucket.
static inline uint64_t histogram_value(unsigned bucket) {
    if (bucket < SUB_BUCKETS) return bucket;
    unsigned shift = (bucket >> SUB_BUCKET_BITS) - 1;
    uint64_t lowest = (uint64_t)(SUB_BUCKETS + (bucket & (SUB_BUCKETS - 1))) << shift;
    return lowest + ((1ull << shift) >> 1);
}

static inline void histogram_record(struct histogram *histogram, uint64_t value) {
    histogram->counts[histogram_bucket(value)]++;
    histogram->total++;
    if (value > histogram->maximum) histogram->maximum = value;
}

// The value that the given part (0…1) of all values does not exceed.
static inline uint64_t histogram_quantile(const struct histogram *histogram, double part) {
    uint64_t wanted = (uint64_t)(part * (double)histogram->total + 0.5);
    if (wanted == 0) wanted = 1;
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen >= wanted) {
            uint64_t value = histogram_value(bucket);
            return value < histogram->maximum ? value : histogram->maximum;
        }
    }
    return histogram->maximum;
}

#endif
