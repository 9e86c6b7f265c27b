internal import EddyBuffers
internal import Glibc

extension EventLoop {
    /// The loop whose thread this is; nil on every other thread.
    public static var current: EventLoop? {
        guard let pointer = unsafe pthread_getspecific(CurrentLoop.key) else { return nil }
        return unsafe Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Makes this the calling thread's loop, until ``resignCurrent()``. The thread runs the loop, so the loop outlives the
    /// setting.
    func makeCurrent() {
        unsafe _ = pthread_setspecific(CurrentLoop.key, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Clears the calling thread's loop: the loop has ended and may be freed before the thread ends.
    func resignCurrent() {
        _ = pthread_setspecific(CurrentLoop.key, nil)
    }
}

/// The thread-local variable that holds each thread's loop.
private enum CurrentLoop {
    static let key: pthread_key_t = {
        var key = pthread_key_t()
        let result = unsafe pthread_key_create(&key, nil)
        require(result == 0, "the process has used up its thread-local keys (pthread_key_create)")
        return key
    }()
}
