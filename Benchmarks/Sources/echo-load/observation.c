#define _GNU_SOURCE
#include "observation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "peer_support.h"

// False if there is no such process.
static bool processor_time(pid_t process, uint64_t *nanoseconds) {
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    struct timespec time;
    if (process != 0 && clock_getcpuclockid(process, &clock) != 0) return false;
    if (clock_gettime(clock, &time) != 0) return false;
    *nanoseconds = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
    return true;
}

// The second number of each thread's schedstat.
static uint64_t waiting_time(pid_t process) {
    char path[320];
    snprintf(path, sizeof(path), "/proc/%d/task", process);
    DIR *threads = opendir(path);
    if (threads == NULL) return 0;

    uint64_t total = 0;
    struct dirent *thread;
    while ((thread = readdir(threads)) != NULL) {
        if (thread->d_name[0] == '.') continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", process, thread->d_name);
        FILE *file = fopen(path, "re");
        if (file == NULL) continue;
        uint64_t running = 0;
        uint64_t waiting = 0;
        if (fscanf(file, "%" SCNu64 " %" SCNu64, &running, &waiting) == 2) total += waiting;
        fclose(file);
    }
    closedir(threads);
    return total;
}

// The eighth number of the first line of /proc/stat.
static uint64_t stolen_time(void) {
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL) return 0;
    uint64_t ticks = 0;
    if (fscanf(file, "cpu %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &ticks) != 1) ticks = 0;
    fclose(file);
    return ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

void observe(struct observation *observation, const struct observed *observed) {
    *observation = (struct observation){.stolen = stolen_time(), .own_wait = waiting_time(getpid())};
    if (observed->server != 0) {
        observation->server_wait = waiting_time(observed->server);
        if (!processor_time(observed->server, &observation->server_processor)) {
            fail("the server (process %d) has ended", observed->server);
        }
    }
    processor_time(0, &observation->own_processor);
    if (observed->counters != NULL) memcpy(observation->counters, observed->counters, sizeof(observation->counters));
}

// Processor time of each process at the start of the window, by its number. Only the pages used take memory.
static uint64_t *times_before;

static uint64_t visit_others(const struct observed *observed, bool remember) {
    DIR *processes = opendir("/proc");
    if (processes == NULL) return 0;
    uint64_t used = 0;
    struct dirent *entry;
    while ((entry = readdir(processes)) != NULL) {
        pid_t process = atoi(entry->d_name);
        if (process <= 0 || process >= MAX_PROCESSES) continue;
        if (process == getpid() || process == observed->server || process == observed->partner) continue;
        uint64_t time = 0;
        if (!processor_time(process, &time)) continue;
        if (remember) {
            times_before[process] = time;
        } else if (time > times_before[process]) {
            used += time - times_before[process];
        }
    }
    closedir(processes);
    return used;
}

void note_others(const struct observed *observed) {
    times_before = calloc(MAX_PROCESSES, sizeof(uint64_t));
    if (times_before == NULL) fail("out of memory");
    visit_others(observed, true);
}

uint64_t processor_time_of_others(const struct observed *observed) { return visit_others(observed, false); }

const uint64_t *open_counters(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) fail_with(errno, "cannot open the counters in %s", path);
    void *memory = mmap(NULL, MAX_COUNTERS * sizeof(uint64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) fail_with(errno, "cannot map the counters in %s", path);
    return memory;
}
