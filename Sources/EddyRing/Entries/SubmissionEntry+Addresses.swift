package import EddySystem

extension SubmissionEntry {
    /// Connects a socket; one completion. The address must stay valid until `enter` returns: the kernel copies it.
    package static func connect(
        descriptor: Int32,
        to address: SystemAddress,
        token: OperationToken
    ) -> SubmissionEntry {
        unsafe connect(
            descriptor: descriptor,
            address: address.start,
            addressLength: address.byteCount,
            token: token
        )
    }
}
