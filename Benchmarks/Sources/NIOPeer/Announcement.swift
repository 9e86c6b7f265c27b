import Glibc
public import NIOCore

/// Prints where the server listens, and flushes it, even into a pipe.
public func announce(_ channel: any Channel) {
    print("listening on 127.0.0.1:\(channel.localAddress?.port ?? 0)")
    fflush(nil)
}
