import Foundation

/// What happens meanwhile goes to standard error, so that the output is the result alone.
func report(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
}
