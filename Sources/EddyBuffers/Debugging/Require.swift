/// Ends the process with `message` unless `condition` holds: a programmer's mistake that would damage memory or hang.
///
/// As `precondition`, which says nothing in release builds: there its message is left out, and only the trap remains. This
/// one says what to change in every build.
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

/// Ends the process at a place that no program comes to, with `message`, in every build.
@inlinable
package func unreachable(_ message: StaticString, file: StaticString = #fileID, line: UInt = #line) -> Never {
    endProcess(message, file: file, line: line)
}

/// Not inlined, so that a check costs its callers a comparison and a branch.
@usableFromInline
@inline(never)
func endProcess(_ message: StaticString, file: StaticString, line: UInt) -> Never {
    fatalError("\(message)", file: file, line: line)
}
