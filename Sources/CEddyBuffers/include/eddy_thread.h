// Swift has no thread-local variables. EddyBuffers needs this one: allocating and dropping a buffer both ask which
// thread this is and which pool it has. A function call for the answer would cost as much as the rest.

#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include <malloc.h>
#include <stdint.h>

/// The bump allocator of the calling thread; null until the first allocation.
///
/// Initial-exec: the variable lies at a fixed distance from the thread pointer, so one instruction reaches it.
extern _Thread_local void *eddy_thread_allocator __attribute__((tls_model("initial-exec")));

static inline void *eddy_get_thread_allocator(void) { return eddy_thread_allocator; }
static inline void eddy_set_thread_allocator(void *allocator) { eddy_thread_allocator = allocator; }

/// A number that identifies the calling thread while it lives: the address of its own variable.
static inline uintptr_t eddy_thread_identity(void) { return (uintptr_t)&eddy_thread_allocator; }

/// Makes malloc return free memory to the system (malloc_trim(3)), which Swift's Glibc module does not declare.
static inline void eddy_trim_malloc(void) { malloc_trim(0); }

#endif
