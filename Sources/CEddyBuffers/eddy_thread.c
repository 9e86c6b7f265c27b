#include "eddy_thread.h"

_Thread_local void *eddy_thread_allocator;
