/// An entry of a provided-buffer ring: `struct io_uring_buf` of the kernel's ABI, 16 bytes.
///
/// The ring's tail lies in the last field of the first entry. With incremental consumption the engine moves `address`
/// and shortens `byteCount` as it fills the buffer.
struct ProvidedBuffer {
    var address: UInt64
    var byteCount: UInt32
    var index: UInt16
    var tail: UInt16
}
