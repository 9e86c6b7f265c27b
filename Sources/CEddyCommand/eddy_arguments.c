#include "eddy_arguments.h"

static int count;
static char **arguments;

// glibc passes constructors the arguments of main. Swift's main does not keep them.
__attribute__((constructor)) static void keep_arguments(int argument_count, char **argument_values) {
    count = argument_count;
    arguments = argument_values;
}

int eddy_argument_count(void) { return count; }

char **eddy_arguments(void) { return arguments; }
