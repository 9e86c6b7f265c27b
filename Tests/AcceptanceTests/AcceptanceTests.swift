import Testing

/// Tests of the built `eddy` command from outside: through its arguments, its output, its exit code, the system's data
/// on its process, and TCP peers that do not use Eddy.
///
/// One test runs at a time: each has several processes, and a loaded machine would distort what a test observes. The
/// time limit ends a test that waits for ever. The benchmarks measure speed.
@Suite("eddy", .serialized, .timeLimit(.minutes(5)), .endsItsCommands)
struct AcceptanceTests {}
