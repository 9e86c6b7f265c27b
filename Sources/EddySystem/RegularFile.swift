internal import Glibc

/// A file that is read with a ring: opened, measured, closed. Calls that do not wait for data.
package enum RegularFile {
    /// Opens a file for reading, not inherited by child processes.
    package static func open(_ path: String) throws(SystemError) -> Int32 {
        // Opening a pipe would wait for its writer, were it not for O_NONBLOCK; files take no notice of it.
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .current }
        return descriptor
    }

    /// Bytes of the file. What is no regular file has no size and no end: EINVAL, and EISDIR for a directory.
    package static func size(of descriptor: Int32) throws(SystemError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .current }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Int(status.st_size)
        case S_IFDIR: throw SystemError(EISDIR)
        default: throw .invalidArgument
        }
    }

    package static func close(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }
}
