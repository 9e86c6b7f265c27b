internal import Glibc

extension Socket {
    /// Takes the errors of sockets that have one, which the system tells once (socket(7), SO_ERROR): whoever sends or
    /// receives afterwards is not told. What was received before stays.
    ///
    /// - Returns: the places in `descriptors` of the sockets that have broken, in order, and why.
    package static func takeErrors(of descriptors: [Int32]) -> [(index: Int, error: SystemError)] {
        // Nothing is asked for; errors are reported in any case (poll(2)).
        var polled = descriptors.map { pollfd(fd: $0, events: 0, revents: 0) }
        guard unsafe poll(&polled, nfds_t(polled.count), 0) > 0 else { return [] }
        return polled.indices.compactMap { index in
            guard polled[index].revents & Int16(POLLERR) != 0 else { return nil }
            return takeError(of: descriptors[index]).map { (index: index, error: $0) }
        }
    }

    private static func takeError(of descriptor: Int32) -> SystemError? {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0, error != 0 else { return nil }
        return SystemError(error)
    }
}
