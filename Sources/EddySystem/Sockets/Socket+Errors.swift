internal import Glibc

extension Socket {
    /// Returns and clears the pending errors of sockets. The system reports such an error once (socket(7), SO_ERROR),
    /// so later sends and receives do not get it. Bytes received before the error stay readable.
    ///
    /// - Returns: the indices in `descriptors` of the broken sockets, in order, with their errors.
    package static func takeErrors(of descriptors: [Int32]) -> [(index: Int, error: SystemError)] {
        // No events are requested: poll(2) always reports errors.
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
