import Testing

/// As `#expect`, for conditions that call mutating methods, which the macro does not take.
func expectTrue(
    _ condition: Bool,
    _ comment: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(condition, "\(comment())", sourceLocation: sourceLocation)
}
