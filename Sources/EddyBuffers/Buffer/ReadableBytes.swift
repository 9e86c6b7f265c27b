/// What can show its bytes as a span: ``Buffer`` and ``SharedBuffer``. Comparing, searching, loading and text output
/// are written once, for both.
public protocol ReadableBytes: ~Copyable {
    /// The initialised bytes.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get
    }
}

extension Buffer: ReadableBytes {}
extension SharedBuffer: ReadableBytes {}
