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

static uint64_t nanoseconds_per_tick(void) { return 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK); }

// The eighth number of the first line of /proc/stat.
static uint64_t stolen_time(void) {
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL) return 0;
    uint64_t ticks = 0;
    if (fscanf(file, "cpu %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &ticks) != 1) ticks = 0;
    fclose(file);
    return ticks * nanoseconds_per_tick();
}

void observe(struct observation *observation, const struct observed *observed) {
    *observation = (struct observation){.stolen = stolen_time()};
    if (observed->server != 0 && !processor_time(observed->server, &observation->server_processor)) {
        fail("the server (process %d) has ended", observed->server);
    }
    processor_time(0, &observation->own_processor);
    if (observed->counters != NULL) memcpy(observation->counters, observed->counters, sizeof(observation->counters));
}

// The time that a process and its ended children have used, so that short-lived processes count, too. Fields 14 to 17
// of its stat, in ticks; the name before them may contain any character, but ends with the last parenthesis.
static uint64_t used_ticks(pid_t process) {
    char text[1024];
    snprintf(text, sizeof(text), "/proc/%d/stat", process);
    int file = open(text, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof(text) - 1);
    close(file);
    if (length <= 0) return 0;
    text[length] = '\0';

    const char *rest = strrchr(text, ')');
    long long user, system, user_of_children, system_of_children;
    if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld", &user, &system,
                               &user_of_children, &system_of_children) != 4) {
        return 0;
    }
    return (uint64_t)(user + system + user_of_children + system_of_children);
}

// The time that each process had used at the start, by process id. Only touched pages take memory.
static uint64_t *used_before;

static uint64_t visit_others(const struct observed *observed, bool remember) {
    DIR *processes = opendir("/proc");
    if (processes == NULL) return 0;
    uint64_t total = 0;
    struct dirent *entry;
    while ((entry = readdir(processes)) != NULL) {
        pid_t process = atoi(entry->d_name);
        if (process <= 0 || process >= MAX_PROCESSES) continue;
        if (process == getpid() || process == observed->server || process == observed->partner) continue;
        uint64_t used = used_ticks(process);
        if (remember) {
            used_before[process] = used;
        } else if (used > used_before[process]) {
            total += used - used_before[process];
        }
    }
    closedir(processes);
    return total * nanoseconds_per_tick();
}

void note_others(const struct observed *observed) {
    used_before = calloc(MAX_PROCESSES, sizeof(uint64_t));
    if (used_before == NULL) fail("out of memory");
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
