package import EddyRing

extension Ring {
    /// Makes a ring whose operations happen in a network in memory.
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
