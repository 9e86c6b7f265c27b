internal import CLiburing
internal import Glibc

/// The process and user at the other end of a Unix domain socket (unix(7), SO_PEERCRED).
///
/// The kernel recorded them when the peer called connect(2), or, for the connecting side, when the listener called
/// listen(2). The peer cannot forge them, but they can become stale: the peer may have passed the socket to another
/// process or changed its user since, and after it has ended its process ID may be reused. So base decisions on the
/// user or the group.
public struct PeerCredentials: Sendable, Hashable {
    /// The process ID; 0 if the process is not in this process's PID namespace.
    public let processID: Int32
    /// The effective user ID, as this process's user namespace maps it.
    public let userID: UInt32
    /// The effective group ID, as this process's user namespace maps it.
    public let groupID: UInt32
}

extension Socket {
    /// The credentials of the peer; nil for a socket of another family, or one that is not connected.
    package static func peerCredentials(of descriptor: Int32) -> PeerCredentials? {
        // Sockets of other families return a user that does not exist.
        guard localAddress(of: descriptor)?.isUnix == true else { return nil }
        // struct ucred
        var fields: (processID: Int32, userID: UInt32, groupID: UInt32) = (0, .max, .max)
        var length = socklen_t(MemoryLayout.size(ofValue: fields))
        let result = unsafe withUnsafeMutableBytes(of: &fields) { fields in
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, fields.baseAddress, &length)
        }
        guard result == 0, fields.userID != .max else { return nil }
        return PeerCredentials(processID: fields.processID, userID: fields.userID, groupID: fields.groupID)
    }
}
