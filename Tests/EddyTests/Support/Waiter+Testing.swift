@testable import Eddy

extension Waiter {
    /// A waiter that belongs to no task, to be moved about and never resumed.
    static func placeholder(_ number: UInt = 1) -> Waiter {
        Waiter(unsafeBitCast(number << 4, to: UnsafeContinuation<Void, Never>.self))
    }

    /// What tells placeholders apart.
    var number: UInt { unsafeBitCast(continuation, to: UInt.self) >> 4 }
}
