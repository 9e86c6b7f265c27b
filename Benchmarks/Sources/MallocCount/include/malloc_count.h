#ifndef MALLOC_COUNT_H
#define MALLOC_COUNT_H

// The indices of the counters in the file: 64 bits each.
enum malloc_counter { COUNT_MALLOC, COUNT_CALLOC, COUNT_REALLOC, COUNT_ALIGNED, MALLOC_COUNTERS = 16 };

#endif
