internal import EddySystem

/// The sockets that listen on one address: one per loop, among which the kernel distributes connections (SO_REUSEPORT),
/// or a single one.
///
/// The first socket is bound without SO_REUSEPORT, which is set afterwards. So a second server on the same port is
/// refused; SO_REUSEPORT alone would admit it.
struct ListeningSockets {
    let address: SocketAddress
    let descriptors: [Int32]
    /// The file of a Unix domain socket.
    private let file: SocketFile?

    /// Opens or takes over the sockets of a target, for `loops` loops.
    init(on target: TCPServer.ListenTarget, loops: Int, options: TCPServer.Options) throws(ServerError) {
        switch target.kind {
        case .text(let text):
            let address: SocketAddress
            do { address = try SocketAddress(text) } catch { throw .address(error) }
            try self.init(on: address, loops: loops, options: options)
        case .address(let address):
            try self.init(on: address, loops: loops, options: options)
        case .inherited(let socket):
            try self.init(socket, options: options)
        }
    }

    /// Opens the sockets for `loops` loops. With port 0 the system picks the port, the same for all.
    private init(on requested: SocketAddress, loops: Int, options: TCPServer.Options) throws(ServerError) {
        options.requireValid()
        var descriptors: [Int32] = []
        var address = requested
        var file: SocketFile?
        var isChangingOwner = false
        do {
            for number in 0..<Self.count(on: requested, loops: loops, options) {
                let descriptor = try Socket.openStream(for: address)
                descriptors.append(descriptor)
                if address.isUnix {
                    file = try SocketFile.listen(
                        descriptor,
                        on: address,
                        backlog: Int32(options.backlog),
                        mode: options.socketMode
                    ) { file throws(SystemError) in
                        guard options.socketOwner != nil || options.socketGroup != nil else { return }
                        isChangingOwner = true
                        try file.setOwner(user: options.socketOwner, group: options.socketGroup)
                        isChangingOwner = false
                    }
                } else {
                    try Self.listen(descriptor, on: address, isFirst: number == 0, options)
                }
                if number == 0 { address = Socket.localAddress(of: descriptor) ?? requested }
            }
        } catch {
            for descriptor in descriptors { Socket.close(descriptor) }
            file?.remove()
            throw isChangingOwner
                ? .socketOwner(requested, error) : ServerError(error, listeningOn: requested)
        }
        self.address = address
        self.descriptors = descriptors
        self.file = file
    }

    /// Takes over a listening socket.
    private init(_ inherited: InheritedSocket, options: TCPServer.Options) throws(ServerError) {
        let descriptor: Int32
        do { (descriptor, address) = try inherited.find() } catch { throw .inherited(error) }
        descriptors = [descriptor]
        file = nil
        do {
            try Socket.adopt(descriptor)
            guard !address.isUnix else { return }
            try Self.setOptions(of: descriptor, options)
        } catch {
            throw ServerError(error, listeningOn: address)
        }
    }

    /// Takes over a listening socket on the network of a loop.
    init(descriptor: Int32, address: SocketAddress) {
        self.address = address
        descriptors = [descriptor]
        file = nil
    }

    private static func count(on address: SocketAddress, loops: Int, _ options: TCPServer.Options) -> Int {
        if case .perLoop = options.accepting, !address.isUnix { loops } else { 1 }
    }

    private static func listen(
        _ descriptor: Int32,
        on address: SocketAddress,
        isFirst: Bool,
        _ options: TCPServer.Options
    ) throws(SystemError) {
        try Socket.enable(.reuseAddress, on: descriptor)
        try setOptions(of: descriptor, options)
        if address.isIPv6 {
            try options.isDualStack
                ? Socket.disable(.onlyIPv6, on: descriptor) : Socket.enable(.onlyIPv6, on: descriptor)
        }
        if !isFirst { try Socket.enable(.reusePort, on: descriptor) }
        try Socket.bind(descriptor, to: address, patience: isFirst ? bindPatience : .zero)
        if isFirst { try Socket.enable(.reusePort, on: descriptor) }
        try Socket.listen(descriptor, backlog: Int32(options.backlog))
    }

    /// How long binding to an address in use is retried. The kernel closes the sockets of a killed process some
    /// milliseconds after the process has ended if a ring still held them.
    private static let bindPatience = Duration.milliseconds(100)

    /// Options that connections inherit.
    private static func setOptions(of descriptor: Int32, _ options: TCPServer.Options) throws(SystemError) {
        try Socket.enable(.noDelay, on: descriptor)
        try Socket.enable(.limitUnsent, on: descriptor)
        try Socket.enable(.urgentInline, on: descriptor)
        for option in options.socketOptions { try Socket.set(option, on: descriptor) }
    }

    /// Removes the file, so that new peers fail at once. Does nothing the second time.
    func removeFile() {
        file?.remove()
    }

    /// Closes sockets that no listener has taken over.
    func close() {
        for descriptor in descriptors { Socket.close(descriptor) }
        removeFile()
    }
}
