internal import EddyBuffers

// What writers wait for:
//
//     queued bytes    0 ──────── low ──────────────── high ────────▶
//                               ◀── waiting ends       waiting begins
//
// Where the loop's memory is short both are less: see ``EventLoop/writeLimit(_:)``.

extension ConnectionDriver {
    func resumeWriter(_ id: ConnectionID) {
        guard let writer = connections[id].writer else { return }
        connections[id].writer = nil
        writer.resume()
    }
}
