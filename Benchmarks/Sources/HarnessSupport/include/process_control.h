// Starting programs with steps between fork and exec, which Swift cannot do.

#ifndef PROCESS_CONTROL_H
#define PROCESS_CONTROL_H

#include <stdint.h>
#include <sys/types.h>

struct program_start {
    // Both end with NULL. The first argument is searched for in PATH if it has no slash.
    char *const *arguments;
    char *const *environment;

    // The only processor that the program may use, or -1.
    int core;

    // The program's standard input and output. -1: empty input; this process's output.
    int input;
    int output;

    // The program's descriptor 3, or -1.
    int extra;
};

// Starts a program as a child that is killed when this process ends for any reason. Call from the main thread only: the
// kernel kills the child as soon as the thread that started it ends. Returns the process, or a negative error number.
pid_t start_program(const struct program_start *start);

// The read end and the write end of a pipe that programs do not inherit. Returns 0, or a negative error number.
int make_pipe(int ends[2]);

// Waits for a child to end. Returns its exit code, or 128 plus the signal that ended it.
int wait_for_exit(pid_t process);

// The first processors that this process may use: their count and their numbers.
int usable_cores(int *cores, int limit);

// Raises the limit of open files for this process and its children to the hard limit. Returns that limit.
uint64_t raise_open_file_limit(void);

#endif
