import NIOCore
public import NIOPosix

/// The common settings of both SwiftNIO servers: the same backlog as the C servers, and no delay of small answers.
public func echoBootstrap(group: MultiThreadedEventLoopGroup) -> ServerBootstrap {
    ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 4096)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
}
