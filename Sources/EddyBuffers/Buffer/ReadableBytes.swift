/// What can show its bytes as a span: ``Buffer`` and ``SharedBuffer``. Comparing, searching, loading and text output
/// are written once, for both.
///
/// Every position that a method takes or returns is one from ``startIndex`` on: 0 in a buffer, and in a slice of a shared
/// buffer what it was in that, as with the indices of every Swift collection.
public protocol ReadableBytes: ~Copyable {
    /// The position of the first byte, or of the end where there is none.
    var startIndex: Int { get }

    /// The initialised bytes.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get
    }
}

extension Buffer: ReadableBytes {
    /// 0.
    @inlinable
    public var startIndex: Int { 0 }
}
extension SharedBuffer: ReadableBytes {}
