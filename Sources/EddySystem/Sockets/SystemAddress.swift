internal import Glibc

/// An address as a `sockaddr` at a stable memory location, for a ring's connect.
@safe
package final class SystemAddress {
    private let pointer: UnsafeMutablePointer<sockaddr_storage>
    package let byteCount: Int

    package init(_ address: SocketAddress) {
        let pointer = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: 1)
        unsafe self.pointer = pointer
        byteCount = unsafe address.withSystemAddress { bytes, count in
            let room = UnsafeMutableRawPointer(pointer)
            unsafe room.copyMemory(from: bytes, byteCount: count)
            return count
        }
    }

    /// The bytes of the address, valid for the lifetime of the object.
    package var start: UnsafeRawPointer { unsafe UnsafeRawPointer(pointer) }

    deinit {
        unsafe pointer.deallocate()
    }
}
