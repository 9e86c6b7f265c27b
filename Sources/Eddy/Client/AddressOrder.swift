internal import EddySystem

/// The order in which addresses are tried: as the resolver sorted them (RFC 6724), but alternating between the
/// families, so that a family that does not work costs one delay and not one per address (RFC 8305, section 4).
func interleavingFamilies(_ addresses: [SocketAddress]) -> [SocketAddress] {
    guard let first = addresses.first else { return [] }
    let preferred = addresses.filter { $0.isIPv6 == first.isIPv6 }
    let others = addresses.filter { $0.isIPv6 != first.isIPv6 }
    var order: [SocketAddress] = []
    for index in 0..<max(preferred.count, others.count) {
        if index < preferred.count { order.append(preferred[index]) }
        if index < others.count { order.append(others[index]) }
    }
    return order
}
