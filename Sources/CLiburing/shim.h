// What Eddy needs of io_uring and what Debian's liburing 2.3 (kernel 6.0's ABI) does not declare yet.
//
// What Swift can say is said in Swift. There are four kinds of declaration:
//   1. constants newer than the installed header, under names of our own (`EDDY_…`), so that they can never
//      clash with a newer header; the kernel release that brought each is named beside it;
//   2. functions that glibc has and declares for _GNU_SOURCE only;
//   3. inline functions for what Swift cannot import: atomics of the shared rings, variadic calls, sets of processors;
//   4. writes of fields that newer kernels have put into old padding.
//
// Source of the values: include/uapi/linux/io_uring.h of the kernel release named.

#ifndef EDDY_CLIBURING_SHIM_H
#define EDDY_CLIBURING_SHIM_H

// liburing.h asks for _XOPEN_SOURCE, under which glibc names members of `fd_set` differently than Swift's own Glibc
// module does, and the two would clash. Reading glibc's feature switches first fixes them as Swift has them; the one
// type that liburing then misses comes from its own header.
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
static const unsigned EDDY_ENTER_NO_IOWAIT = 1u << 7;  // 6.15: the wait is not one for a disk

// Features reported by io_uring_setup(2).
static const unsigned EDDY_FEAT_NO_IOWAIT = 1u << 17;  // 6.15
static const unsigned EDDY_FEAT_MIN_TIMEOUT = 1u << 15;  // 6.12; the release that brought ENTER_ABS_TIMER too

// Flags of io_uring_register(2), IORING_REGISTER_PBUF_RING.
static const unsigned short EDDY_PBUF_RING_INC = 2;  // 6.12: incremental consumption

/// Opens a file without what lies behind it, a socket's file too (Linux 2.6.39; declared for _GNU_SOURCE only).
static const int EDDY_O_PATH = 010000000;

/// The name of an error number, such as "ECONNRESET" (glibc 2.32, declared for _GNU_SOURCE only).
extern const char *strerrorname_np(int error);

/// Names a thread, up to 15 bytes (declared for _GNU_SOURCE only).
extern int pthread_setname_np(pthread_t thread, const char *name);

/// The calling thread's number (declared for _GNU_SOURCE only).
extern pid_t gettid(void);

/// epoll_pwait2(2): as epoll_wait(2), with nanoseconds (5.11; glibc has it since 2.35). Its number is the same on every
/// architecture but Alpha.
static inline int eddy_epoll_wait_nanoseconds(
    int epoll, struct epoll_event *events, int maximum, const struct __kernel_timespec *timeout) {
    return (int)syscall(441, epoll, events, maximum, timeout, NULL, 0);
}

/// Accepts a connection and sets flags of its descriptor (declared for _GNU_SOURCE only).
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

/// Reads without waiting from a descriptor that has no position (preadv2(2), RWF_NOWAIT; declared for _GNU_SOURCE
/// only).
extern ssize_t preadv2(int descriptor, const struct iovec *vectors, int count, off_t offset, int flags);
static const int EDDY_RWF_NOWAIT = 8;

/// The processors that a process may run on (declared for _GNU_SOURCE only).
extern int sched_getaffinity(int process, size_t size, cpu_set_t *set);

/// Ties threads to processors (declared for _GNU_SOURCE only).
extern int sched_setaffinity(int process, size_t size, const cpu_set_t *set);

/// Waits for a semaphore until a moment of a clock (glibc 2.30, declared for _GNU_SOURCE only).
extern int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *deadline);

/// Ties the calling thread to one of the processors that it may use, counted from 0 and around; -1 and `errno` on
/// failure.
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

/// How many processors the calling process may use; 0 when the system does not tell.
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

/// Registers a provided-buffer ring with flags; `flags` lies where liburing 2.3 declares padding.
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

/// Loads of words that the kernel writes; they order all later reads behind them.
static inline unsigned eddy_load_acquire(const unsigned *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/// Stores of words that the kernel reads; they order all earlier writes before them.
static inline void eddy_store_release(unsigned *word, unsigned value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void eddy_store_release_16(unsigned short *word, unsigned short value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

#endif
