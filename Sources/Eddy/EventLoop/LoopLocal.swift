/// A variable of the loop's own thread: memory at a fixed place, reached without an exclusivity check.
///
/// A stored variable of a class is checked at run time for overlapping accesses at each use, which costs more than
/// the use itself on the hot path. Here the rule is kept by the thread: nobody else touches the value, and no access
/// lasts across a call that runs a task.
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
