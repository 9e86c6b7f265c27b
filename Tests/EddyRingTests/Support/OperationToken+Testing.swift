import EddyRing

/// The token of a test's operation.
func token(_ index: Int) -> OperationToken { OperationToken(kind: 1, index: UInt32(index)) }
