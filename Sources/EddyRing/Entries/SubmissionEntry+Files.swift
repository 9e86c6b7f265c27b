extension SubmissionEntry {
    /// Reads from a file at `offset`; one completion with the bytes read, 0 at the file's end.
    ///
    /// With a `fixedBuffer` (the index of registered memory that the address lies in) the kernel need not pin the pages
    /// (`io_uring_prep_read_fixed(3)`).
    package static func readFile(
        descriptor: Int32,
        at offset: UInt64,
        into address: UnsafeMutableRawPointer,
        byteCount: Int,
        fixedBuffer: UInt16?,
        token: OperationToken
    ) -> SubmissionEntry {
        var entry = SubmissionEntry(fixedBuffer == nil ? .read : .readFixed, descriptor: descriptor, token: token)
        entry.address = UInt64(UInt(bitPattern: address))
        entry.byteCount = UInt32(byteCount)
        entry.offset = offset
        if let fixedBuffer { entry.bufferGroup = fixedBuffer }
        return entry
    }
}
