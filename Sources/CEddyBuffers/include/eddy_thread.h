// Swift has no thread-local variables. This is the one that EddyBuffers needs: allocating and dropping a buffer each
// ask "which thread is this, and what is its pool?", and a function call for the answer would cost as much as the rest.

#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include <malloc.h>
#include <stdint.h>

/// What the calling thread carves its buffers from; null until it first does.
///
/// Initial-exec: at a fixed distance from the thread's own address, so that reaching it is one instruction.
extern _Thread_local void *eddy_thread_carver __attribute__((tls_model("initial-exec")));

static inline void *eddy_get_thread_carver(void) { return eddy_thread_carver; }
static inline void eddy_set_thread_carver(void *carver) { eddy_thread_carver = carver; }

/// A number that no other thread has while this one lives: the address of its own variable.
static inline uintptr_t eddy_thread_identity(void) { return (uintptr_t)&eddy_thread_carver; }

/// Has malloc give free memory back to the system (malloc_trim(3)), which Swift's Glibc module does not declare.
static inline void eddy_trim_malloc(void) { malloc_trim(0); }

#endif
