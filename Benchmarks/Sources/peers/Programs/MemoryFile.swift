import Glibc
import HarnessSupport

/// A file without a name that a child can read or write. It leaves nothing behind.
final class MemoryFile {
    let descriptor: Int32

    init(_ contents: [UInt8] = []) throws {
        descriptor = contents.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { make_memory_file($0.baseAddress, UInt64($0.count)) }
        }
        guard descriptor >= 0 else { throw PeersError("cannot make a file in memory", errorNumber: -descriptor) }
    }

    deinit {
        close(descriptor)
    }

    /// The path under which other processes can open it while this one lives.
    var path: String {
        "/proc/\(getpid())/fd/\(descriptor)"
    }

    /// Its current contents, up to 1 MiB.
    var contents: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, count)))
    }

    var text: String {
        String(decoding: contents, as: UTF8.self)
    }
}
