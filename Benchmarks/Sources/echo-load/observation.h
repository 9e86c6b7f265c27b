// The system's data on the server and the machine, read at both ends of the measured window.

#ifndef OBSERVATION_H
#define OBSERVATION_H

#include <stdint.h>
#include <sys/types.h>

enum { MAX_COUNTERS = 16, MAX_PROCESSES = 1 << 22 };

struct observed {
    // The server, and a process that is known to run at the same time. 0: none.
    pid_t server;
    pid_t partner;
    // The counters that a preloaded library in the server writes to a file, or NULL.
    const uint64_t *counters;
};

// All times are in nanoseconds.
struct observation {
    // Processor time of all threads.
    uint64_t own_processor;
    uint64_t server_processor;

    // Processor time that the hypervisor took away, in ticks of 10 ms.
    uint64_t stolen;

    uint64_t counters[MAX_COUNTERS];
};

void observe(struct observation *observation, const struct observed *observed);

// Records the processor time of all processes except this one and those observed. They should be idle.
void note_others(const struct observed *observed);

// The time that they have used since, in nanoseconds, with a resolution of a 10 ms tick each.
uint64_t processor_time_of_others(const struct observed *observed);

// Maps a file of 64-bit counters.
const uint64_t *open_counters(const char *path);

#endif
