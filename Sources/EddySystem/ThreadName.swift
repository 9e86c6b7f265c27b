internal import CLiburing
internal import Glibc

/// Names the calling thread, for `top -H` and debuggers. Only the first 15 bytes are used.
package func setCurrentThreadName(_ name: String) {
    unsafe _ = pthread_setname_np(pthread_self(), String(name.utf8.prefix(15)) ?? "eddy")
}
