import Testing

/// What the built `eddy` command does, seen from outside: through its arguments, its output, its exit code, what the
/// system says of its process, and TCP peers that are not Eddy's own.
///
/// One test runs at a time: each has several processes, and a loaded machine would blur what a test sees. The time
/// limit ends a test that waits for ever. How fast the command is, is for the benchmarks to say.
@Suite("eddy", .serialized, .timeLimit(.minutes(5)), .endsItsCommands)
struct AcceptanceTests {}
