#ifndef EDDY_ARGUMENTS_H
#define EDDY_ARGUMENTS_H

// The arguments of the process as the C library passes them. Swift's `CommandLine` reads them from /proc/self/cmdline,
// and has none where /proc is not mounted.

int eddy_argument_count(void);
char **eddy_arguments(void);

#endif
