#include "eddy_arguments.h"

static int count;
static char **arguments;

// glibc passes constructors what it passes to main. Swift's main keeps nothing of it.
__attribute__((constructor)) static void keep_arguments(int argument_count, char **argument_values) {
    count = argument_count;
    arguments = argument_values;
}

int eddy_argument_count(void) { return count; }

char **eddy_arguments(void) { return arguments; }
