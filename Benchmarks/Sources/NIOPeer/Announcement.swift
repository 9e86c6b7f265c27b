import Glibc
public import NIOCore

/// Says where the server listens. It must arrive at once, even in a pipe.
public func announce(_ channel: any Channel) {
    print("listening on 127.0.0.1:\(channel.localAddress?.port ?? 0)")
    fflush(nil)
}
