/// Ends the process with `message` unless `condition` holds. For a programmer's mistake that would damage memory or
/// hang.
///
/// Unlike `precondition`, which omits its message in release builds and only traps, this prints the message in every
/// build.
@inlinable
@inline(__always)
package func require(
    _ condition: Bool,
    _ message: StaticString,
    file: StaticString = #fileID,
    line: UInt = #line
) {
    if !condition { endProcess(message, file: file, line: line) }
}

/// Ends the process with `message`, in every build, at a place that is never reached.
@inlinable
package func unreachable(_ message: StaticString, file: StaticString = #fileID, line: UInt = #line) -> Never {
    endProcess(message, file: file, line: line)
}

/// Not inlined, so a check costs its callers one comparison and one branch.
@usableFromInline
@inline(never)
func endProcess(_ message: StaticString, file: StaticString, line: UInt) -> Never {
    fatalError("\(message)", file: file, line: line)
}
