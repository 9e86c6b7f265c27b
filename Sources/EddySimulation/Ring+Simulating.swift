package import EddyRing

extension Ring {
    /// Creates a ring whose operations run in a simulated network.
    package convenience init(
        simulating network: SimulatedNetwork,
        submissionEntries: UInt32 = 512,
        completionEntries: UInt32 = 4096
    ) {
        self.init(
            external: SimulatedEngine(
                network: network,
                submissionEntries: submissionEntries,
                completionEntries: completionEntries
            )
        )
    }
}
