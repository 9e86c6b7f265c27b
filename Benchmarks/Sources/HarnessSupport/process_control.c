#define _GNU_SOURCE
#include "process_control.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXTRA_DESCRIPTOR = 3 };

// The harness's descriptors are close-on-exec, so a copy must be made inheritable.
static int stay_open(int file, int number) {
    if (file == number) return fcntl(file, F_SETFD, 0);
    return dup2(file, number);
}

// Runs in the child. Returns only on failure, with errno set.
static void become(const struct program_start *start, pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
    // The parent may have ended before the call above.
    if (getppid() != parent) _exit(1);

    if (start->core >= 0) {
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET(start->core, &cores);
        if (sched_setaffinity(0, sizeof(cores), &cores) != 0) return;
    }
    int input = start->input >= 0 ? start->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (stay_open(input, STDIN_FILENO) < 0) return;
    if (start->output >= 0 && stay_open(start->output, STDOUT_FILENO) < 0) return;
    if (start->extra >= 0 && stay_open(start->extra, EXTRA_DESCRIPTOR) < 0) return;
    execvpe(start->arguments[0], start->arguments, start->environment);
}

pid_t start_program(const struct program_start *start) {
    // The child writes its error number here. If exec succeeds, the kernel closes the pipe and nothing is read.
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -errno;
    // Moved away from the descriptors that the program gets.
    int report_end = fcntl(report[1], F_DUPFD_CLOEXEC, EXTRA_DESCRIPTOR + 1);
    close(report[1]);

    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        become(start, parent);
        int error = errno;
        _exit(write(report_end, &error, sizeof(error)) < 0 ? 126 : 127);
    }

    int error = child < 0 ? errno : 0;
    close(report_end);
    if (child > 0 && read(report[0], &error, sizeof(error)) == sizeof(error)) wait_for_exit(child);
    close(report[0]);
    return error != 0 ? -error : child;
}

int make_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

int wait_for_exit(pid_t process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int usable_cores(int *cores, int limit) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 0;
    int count = 0;
    for (int core = 0; core < CPU_SETSIZE && count < limit; core++) {
        if (CPU_ISSET(core, &allowed)) cores[count++] = core;
    }
    return count;
}

uint64_t raise_open_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max;
}
