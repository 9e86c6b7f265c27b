/// The target of a client's connection: an address, or a name whose addresses are resolved at each connect.
///
/// ```swift
/// let endpoint = try Endpoint("localhost:7000")     // performs no lookup
/// ```
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let target: AddressText

    /// Parses `HOST:PORT` or `unix:PATH` like ``SocketAddress/init(_:)``, but resolves no name.
    ///
    /// - Throws: ``AddressError``; `unresolved` only for an invalid numeric address, such as `256.0.0.1`.
    public init(_ text: String) throws(AddressError) {
        target = try AddressText(text)
    }

    /// An endpoint with a known address, which needs no lookup.
    public init(_ address: SocketAddress) {
        target = .address(address)
    }

    /// The address, if no lookup is needed.
    public var address: SocketAddress? {
        if case .address(let address) = target { address } else { nil }
    }

    /// For example `localhost:7000`, `[::1]:7000`, `unix:/run/service.sock`.
    public var description: String {
        switch target {
        case .address(let address): address.description
        case .name(let name, let port): "\(name):\(port)"
        }
    }
}
