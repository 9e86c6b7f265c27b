/// Where a client connects to: an address, or a name whose addresses are looked up when it connects.
///
/// ```swift
/// let endpoint = try Endpoint("localhost:7000")     // nothing is looked up here
/// ```
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let target: AddressText

    /// Reads `HOST:PORT` or `unix:PATH`, as ``SocketAddress/init(_:)`` does, but looks no name up.
    ///
    /// - Throws: ``AddressError``; `unresolved` only for a number that is none, such as `256.0.0.1`.
    public init(_ text: String) throws(AddressError) {
        target = try AddressText(text)
    }

    /// An address, of which nothing is looked up.
    public init(_ address: SocketAddress) {
        target = .address(address)
    }

    /// The address, if it is known without the resolver.
    public var address: SocketAddress? {
        if case .address(let address) = target { address } else { nil }
    }

    /// As it is written: `localhost:7000`, `[::1]:7000`, `unix:/run/service.sock`.
    public var description: String {
        switch target {
        case .address(let address): address.description
        case .name(let name, let port): "\(name):\(port)"
        }
    }
}
