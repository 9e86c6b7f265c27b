// What the system says about the server and about the machine, read at both ends of the measured window.

#ifndef OBSERVATION_H
#define OBSERVATION_H

#include <stdint.h>
#include <sys/types.h>

enum { MAX_COUNTERS = 16, MAX_PROCESSES = 1 << 22 };

struct observed {
    // The server, and a process that is known to work beside it. 0 where there is none.
    pid_t server;
    pid_t partner;
    // What a counting library in the server has written to a file, or NULL.
    const uint64_t *counters;
};

// All times are in nanoseconds.
struct observation {
    // Processor time of all threads.
    uint64_t own_processor;
    uint64_t server_processor;

    // Processor time that the machine below took away, in ticks of 10 ms.
    uint64_t stolen;

    uint64_t counters[MAX_COUNTERS];
};

void observe(struct observation *observation, const struct observed *observed);

// Remembers the processor time of all processes but this one and those observed. They should be idle.
void note_others(const struct observed *observed);

// What they have used since, in nanoseconds but to a tick of 10 ms each.
uint64_t processor_time_of_others(const struct observed *observed);

// Maps a file of 64-bit counters.
const uint64_t *open_counters(const char *path);

#endif
