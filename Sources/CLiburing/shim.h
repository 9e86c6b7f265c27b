// Declarations of io_uring that Eddy needs and that Debian's liburing 2.3 (the ABI of kernel 6.0) lacks.
//
// Everything that Swift can express is written in Swift. There are four kinds of declarations:
//   1. constants newer than the installed header, named `EDDY_…` so that they can never clash with a newer header, each
//      with the kernel release that introduced it;
//   2. functions that glibc has and declares for _GNU_SOURCE only;
//   3. inline functions for what Swift cannot import: atomics on the shared rings, variadic calls, processor sets;
//   4. writes to fields that newer kernels have placed in old padding.
//
// Source of the values: include/uapi/linux/io_uring.h of the kernel release named.

#ifndef EDDY_CLIBURING_SHIM_H
#define EDDY_CLIBURING_SHIM_H

// liburing.h defines _XOPEN_SOURCE, under which glibc names members of `fd_set` differently from Swift's Glibc module,
// and the two clash. Including glibc's feature switches first gives the names that Swift uses; the one type that
// liburing then lacks comes from its own header.
#include <features.h>
#include <sched.h>
#include <bits/cpu-set.h>

#include <liburing.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <string.h>
#include <malloc.h>
#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// Flags of io_uring_enter(2).
static const unsigned EDDY_ENTER_ABS_TIMER = 1u << 5;  // 6.12
static const unsigned EDDY_ENTER_NO_IOWAIT = 1u << 7;  // 6.15: the wait does not count as I/O wait

// Features reported by io_uring_setup(2).
static const unsigned EDDY_FEAT_NO_IOWAIT = 1u << 17;  // 6.15
static const unsigned EDDY_FEAT_MIN_TIMEOUT = 1u << 15;  // 6.12, the release that also introduced ENTER_ABS_TIMER

// Flags of io_uring_register(2), IORING_REGISTER_PBUF_RING.
static const unsigned short EDDY_PBUF_RING_INC = 2;  // 6.12: incremental consumption

/// Opens a path without opening the file's content; also works for socket files (Linux 2.6.39; declared for _GNU_SOURCE
/// only).
static const int EDDY_O_PATH = 010000000;

/// The name of an error number, such as "ECONNRESET" (glibc 2.32, declared for _GNU_SOURCE only).
extern const char *strerrorname_np(int error);

/// Names a thread, up to 15 bytes (declared for _GNU_SOURCE only).
extern int pthread_setname_np(pthread_t thread, const char *name);

/// The calling thread's ID (declared for _GNU_SOURCE only).
extern pid_t gettid(void);

/// epoll_pwait2(2): like epoll_wait(2), with nanoseconds (5.11; glibc has it since 2.35). Its system call number is the
/// same on every architecture except Alpha.
static inline int eddy_epoll_wait_nanoseconds(
    int epoll, struct epoll_event *events, int maximum, const struct __kernel_timespec *timeout) {
    return (int)syscall(441, epoll, events, maximum, timeout, NULL, 0);
}

/// Accepts a connection and sets flags on its descriptor (declared for _GNU_SOURCE only).
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

/// Reads without waiting from a descriptor that has no file position (preadv2(2), RWF_NOWAIT; declared for _GNU_SOURCE
/// only).
extern ssize_t preadv2(int descriptor, const struct iovec *vectors, int count, off_t offset, int flags);
static const int EDDY_RWF_NOWAIT = 8;

/// The processors that a process may run on (declared for _GNU_SOURCE only).
extern int sched_getaffinity(int process, size_t size, cpu_set_t *set);

/// Pins threads to processors (declared for _GNU_SOURCE only).
extern int sched_setaffinity(int process, size_t size, const cpu_set_t *set);

/// Waits for a semaphore until a deadline on a clock (glibc 2.30, declared for _GNU_SOURCE only).
extern int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *deadline);

/// Pins the calling thread to one of the processors that it may use, counted from 0 and wrapping around; returns -1 and
/// sets `errno` on failure.
static inline int eddy_pin_to_processor(int number, int usable) {
    cpu_set_t set;
    memset(&set, 0, sizeof(set));
    if (sched_getaffinity(0, sizeof(set), &set) != 0) return -1;
    int left = usable > 0 ? number % usable : 0;
    for (size_t processor = 0; processor < sizeof(set) * 8; processor++) {
        unsigned long bit = 1ul << (processor % (8 * sizeof(unsigned long)));
        if (!(set.__bits[processor / (8 * sizeof(unsigned long))] & bit) || left-- > 0) continue;
        memset(&set, 0, sizeof(set));
        set.__bits[processor / (8 * sizeof(unsigned long))] = bit;
        return sched_setaffinity(0, sizeof(set), &set);
    }
    return -1;
}

/// The number of processors that the calling process may use; 0 when the system does not report it.
static inline int eddy_usable_processors(void) {
    cpu_set_t set;
    memset(&set, 0, sizeof(set));
    if (sched_getaffinity(0, sizeof(set), &set) != 0) return 0;
    int count = 0;
    for (size_t index = 0; index < sizeof(set.__bits) / sizeof(set.__bits[0]); index++) {
        count += __builtin_popcountl(set.__bits[index]);
    }
    return count;
}

/// Registers a provided-buffer ring with flags. `flags` is at the offset where liburing 2.3 declares padding.
static inline int eddy_register_buffer_ring(
    struct io_uring *ring, void *memory, unsigned entries, unsigned short group, unsigned short flags) {
    struct io_uring_buf_reg registration;
    memset(&registration, 0, sizeof(registration));
    registration.ring_addr = (unsigned long)memory;
    registration.ring_entries = entries;
    registration.bgid = group;
    // The two bytes after `bgid`: `pad` up to liburing 2.3, `flags` since.
    memcpy((char *)&registration + offsetof(struct io_uring_buf_reg, bgid) + 2, &flags, sizeof(flags));
    return io_uring_register_buf_ring(ring, &registration, 0);
}

/// Loads a word that the kernel writes; orders it before all later reads.
static inline unsigned eddy_load_acquire(const unsigned *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/// Stores a word that the kernel reads; orders it after all earlier writes.
static inline void eddy_store_release(unsigned *word, unsigned value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void eddy_store_release_16(unsigned short *word, unsigned short value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

#endif
