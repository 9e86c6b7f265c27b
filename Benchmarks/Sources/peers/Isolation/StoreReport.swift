/// The report of `store-load`.
struct StoreReport: Codable, Equatable {
    /// Clients whose values were all acknowledged.
    let completed: Int
    let failed: Int
    /// From the start to the last client's end.
    let seconds: Double
}
