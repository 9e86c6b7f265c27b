internal import Glibc

/// Opens, measures and closes a file that is read with a ring. These calls do not wait for data.
package enum RegularFile {
    /// Opens a file for reading, with close-on-exec set.
    package static func open(_ path: String) throws(SystemError) -> Int32 {
        // Without O_NONBLOCK, opening a pipe would wait for its writer. Regular files ignore the flag.
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .current }
        return descriptor
    }

    /// The size of the file in bytes. Throws EISDIR for a directory, and EINVAL for any other file that is not regular
    /// and so has no size.
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
