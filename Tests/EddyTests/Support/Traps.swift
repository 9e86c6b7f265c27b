import Testing

/// Expects that the process of an exit test ended by a trap whose message contains `text`, not by an error that it
/// threw.
///
/// - Parameter result: of `#expect(processExitsWith: .failure, observing: [\.standardErrorContent])`.
func expectTrap(_ result: ExitTest.Result?, saying text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    let isTrap = errors.contains(/Precondition failed|Fatal error/) && errors.contains(text)
    #expect(isTrap, "\(errors)", sourceLocation: sourceLocation)
}
