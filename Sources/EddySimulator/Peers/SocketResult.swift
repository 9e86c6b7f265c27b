import Glibc

/// Results of a simulated socket's calls when no data is available.
enum SocketResult {
    static let again = -EAGAIN
    static let notConnected = -ENOTCONN
}
