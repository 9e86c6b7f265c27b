internal import EddyBuffers
internal import Glibc

/// The thread-local variable that holds each thread's loop.
enum CurrentLoop {
    /// The calling thread's loop. The thread runs the loop, so the loop outlives the setting; a loop that has ended may be
    /// freed before its thread ends, and clears it.
    static var value: EventLoop? {
        get {
            guard let pointer = unsafe pthread_getspecific(key) else { return nil }
            return unsafe Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
        }
        set {
            unsafe _ = pthread_setspecific(key, newValue.map { unsafe Unmanaged.passUnretained($0).toOpaque() })
        }
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let result = unsafe pthread_key_create(&key, nil)
        require(result == 0, "the process has used up its thread-local keys (pthread_key_create)")
        return key
    }()
}
