internal import Glibc

/// An address in the system's form, at a place in memory that does not move: what a ring is given to connect to.
@safe
package final class SystemAddress {
    let pointer: UnsafeMutablePointer<sockaddr_storage>
    let byteCount: Int

    package init(_ address: SocketAddress) {
        let pointer = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: 1)
        unsafe self.pointer = pointer
        byteCount = unsafe address.withSystemAddress { bytes, count in
            let room = UnsafeMutableRawPointer(pointer)
            unsafe room.copyMemory(from: bytes, byteCount: count)
            return count
        }
    }

    deinit {
        unsafe pointer.deallocate()
    }
}

extension SubmissionEntry {
    /// Connects; one completion. Keep the address until `enter` has returned: the kernel copies it.
    package static func connect(
        descriptor: Int32,
        to address: SystemAddress,
        token: OperationToken
    ) -> SubmissionEntry {
        unsafe connect(
            descriptor: descriptor,
            address: UnsafeRawPointer(address.pointer),
            addressLength: address.byteCount,
            token: token
        )
    }
}
