import Eddy

/// The values that a loop stores. They are never removed.
enum KeptValues: EventLoop.LocalKey {
    static func makeValue(on loop: EventLoop) -> [SharedBuffer] { [] }
}
