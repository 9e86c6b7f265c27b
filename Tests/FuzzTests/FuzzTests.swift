import Testing

/// Every parser of outside bytes, fed with randomly damaged inputs of a corpus.
///
/// A target runs its corpus unchanged, then cases of fixed seeds, then cases that change with the day of the year.
/// `EDDY_FUZZ_CASES=n` runs that many of each; `EDDY_FUZZ_SEED=n` runs only the cases from that seed on. A case that
/// fails prints its seed and its input, even if it crashes the process. Add inputs that have failed to the corpus.
///
/// One target runs at a time, so that the running case is known.
@Suite("fuzzing", .serialized, .timeLimit(.minutes(10)))
struct FuzzTests {}
