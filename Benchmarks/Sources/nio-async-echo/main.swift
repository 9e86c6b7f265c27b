// An idiomatic echo server with SwiftNIO's asynchronous channels, in structured concurrency.
//
// A task of such a server runs on Swift's own threads, so each message changes threads twice. `--on-loop` asks SwiftNIO
// to run all tasks on its event loop. Its function for that is named unsafe, so few servers use it, but it is faster,
// and both variants are measured.

import Glibc
import NIOCore
import NIOPeer
import NIOPosix

func echo(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
    do {
        try await connection.executeThenClose { inbound, outbound in
            for try await bytes in inbound {
                try await outbound.write(bytes)
            }
        }
    } catch {
        // A client that breaks its connection affects only itself.
    }
}

func serve() async throws {
    let server = try await echoBootstrap(group: .singleton)
        .bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(
                        isOutboundHalfClosureEnabled: true,
                        inboundType: ByteBuffer.self,
                        outboundType: ByteBuffer.self
                    )
                )
            }
        }

    announce(server.channel)
    try await withThrowingDiscardingTaskGroup { tasks in
        try await server.executeThenClose { connections in
            for try await connection in connections {
                tasks.addTask { await echo(connection) }
            }
        }
    }
}

NIOSingletons.groupLoopCountSuggestion = 1
if CommandLine.arguments.contains("--on-loop"),
    !NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
{
    print("error: this Swift does not let SwiftNIO run all tasks; omit --on-loop")
    exit(1)
}
try await serve()
