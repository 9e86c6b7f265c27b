extension SubmissionEntry {
    /// Reads from a file at `offset`; one completion with the number of bytes read, 0 at the end of the file.
    ///
    /// With a `fixedBuffer` (the index of the registered memory that contains the address) the kernel need not pin the
    /// pages (`io_uring_prep_read_fixed(3)`).
    package static func readFile(
        descriptor: Int32,
        at offset: UInt64,
        into address: UnsafeMutableRawPointer,
        byteCount: Int,
        fixedBuffer: UInt16?,
        token: OperationToken
    ) -> SubmissionEntry {
        var entry = unsafe SubmissionEntry(
            fixedBuffer == nil ? .read : .readFixed,
            descriptor: descriptor,
            address: address,
            byteCount: byteCount,
            token: token
        )
        entry.offset = offset
        if let fixedBuffer { entry.bufferGroup = fixedBuffer }
        return entry
    }
}
