import Testing

/// The process of an exit test was ended by a trap whose message contains `text`, and not by an error that it threw.
///
/// - Parameter result: of `#expect(processExitsWith: .failure, observing: [\.standardErrorContent])`.
func expectTrap(_ result: ExitTest.Result?, saying text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    let isTrap = errors.contains(/Precondition failed|Fatal error/) && errors.contains(text)
    #expect(isTrap, "\(errors)", sourceLocation: sourceLocation)
}
