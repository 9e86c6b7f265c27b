import Testing

/// Every parser of bytes that come from outside, fed with what a corpus becomes when it is damaged at random.
///
/// A target runs its corpus as it is, then cases of fixed seeds, then others that change with the day of the year.
/// `EDDY_FUZZ_CASES=n` runs that many of each; `EDDY_FUZZ_SEED=n` runs the cases from that seed on, and nothing else.
/// A case that fails prints its seed and its input, also when it takes the whole process with it. What has failed once
/// belongs into the corpus.
///
/// One target runs at a time, so that it is known which case was under way.
@Suite("fuzzing", .serialized, .timeLimit(.minutes(10)))
struct FuzzTests {}
