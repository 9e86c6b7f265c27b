/// A type that can show its bytes as a span: ``Buffer`` and ``SharedBuffer``. Comparing, searching, loading and text
/// output are implemented once, for both.
///
/// Every position that a method takes or returns counts from ``startIndex``: 0 in a buffer; in a slice of a shared
/// buffer it is the index in the whole, as in every Swift collection.
public protocol ReadableBytes: ~Copyable {
    /// The position of the first byte, or of the end if there is no byte.
    var startIndex: Int { get }

    /// The initialised bytes.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get
    }
}

extension Buffer: ReadableBytes {
    @inlinable
    public var startIndex: Int { 0 }
}
extension SharedBuffer: ReadableBytes {}
