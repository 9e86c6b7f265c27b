internal import Glibc

/// An address in the system's form, at a place in memory that does not move: what a ring is given to connect to.
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

    /// Its bytes, valid for as long as the object lives.
    package var start: UnsafeRawPointer { unsafe UnsafeRawPointer(pointer) }

    deinit {
        unsafe pointer.deallocate()
    }
}
