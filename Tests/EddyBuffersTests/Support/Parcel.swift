import EddyBuffers

/// Carries a noncopyable value into a closure, once.
final class Parcel<Value: ~Copyable>: @unchecked Sendable {
    private var value: Value?

    init(_ value: consuming Value) {
        self.value = consume value
    }

    func put(_ value: consuming Value) {
        self.value = consume value
    }

    func take() -> Value {
        guard let value = value.take() else { preconditionFailure("the parcel is empty") }
        return value
    }
}
