import Glibc

/// What the calls of a simulated socket return when there is nothing to say yet.
enum SocketResult {
    static let again = -EAGAIN
    static let notConnected = -ENOTCONN
}
