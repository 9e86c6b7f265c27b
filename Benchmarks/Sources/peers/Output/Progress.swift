import Glibc

/// What happens meanwhile goes to standard error, so that the output is the result alone.
func report(_ line: String) {
    fputs(line + "\n", stderr)
}
