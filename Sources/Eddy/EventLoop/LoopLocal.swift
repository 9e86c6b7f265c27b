/// A variable of the loop's thread: memory at a fixed address, accessed without exclusivity checks.
///
/// Swift checks each access to a stored class property for exclusivity at run time, which costs more than the access
/// itself on the hot path. Here confinement to one thread enforces the rule: no other thread accesses the value, and no
/// access spans a call that runs a task.
@safe
struct LoopLocal<Value: ~Copyable>: ~Copyable {
    private let pointer: UnsafeMutablePointer<Value>

    init(_ value: consuming Value) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: value)
    }

    deinit {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }

    var value: Value {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(pointer) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe pointer }
    }
}
