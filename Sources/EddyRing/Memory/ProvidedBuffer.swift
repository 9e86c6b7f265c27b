/// An entry of a provided-buffer ring: `struct io_uring_buf` of the kernel's ABI, 16 bytes.
///
/// The ring's tail lies in the last field of the first entry. With incremental consumption the engine moves `address`
/// and shortens `byteCount` as it fills the buffer.
package struct ProvidedBuffer {
    package var address: UInt64
    package var byteCount: UInt32
    package var index: UInt16
    package var tail: UInt16
}
