// A file without a name, so nothing is left behind, however this process ends.

#ifndef MEMORY_FILE_H
#define MEMORY_FILE_H

#include <stdint.h>

// A descriptor for reading and writing, or a negative error number.
int make_memory_file(const char *contents, uint64_t length);

#endif
