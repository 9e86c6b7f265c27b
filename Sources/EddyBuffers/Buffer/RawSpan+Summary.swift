extension RawSpan {
    /// The length and the first bytes.
    func summary(typeName: String) -> String {
        let shown = Swift.min(byteCount, 16)
        var text = "\(typeName)(\(byteCount) \(byteCount == 1 ? "byte" : "bytes")\(shown > 0 ? ":" : "")"
        for offset in 0..<shown {
            let byte = unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            text += byte < 16 ? " 0" : " "
            text += String(byte, radix: 16)
        }
        return text + (byteCount > shown ? " …)" : ")")
    }
}
