package import EddySystem

extension SubmissionEntry {
    /// Connects; one completion. Keep the address until `enter` has returned: the kernel copies it.
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
