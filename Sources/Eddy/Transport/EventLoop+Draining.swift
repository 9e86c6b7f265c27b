internal import EddyRing

// A server that shuts down takes no further messages, and finishes those that it has:
//
//     waits for a message, and none is there  the read returns nil, as at the end of the stream; the handler closes
//     a message is under way, or its answer   goes on; nil when the handler comes to wait for the next one
//     one task reads and another writes       goes on: what is written says nothing of what was read
//     relayed                                 goes on: where its messages end is not known
//     closing                                 the peer's end is waited for no longer than it goes on sending
//
// A message is under way from the first byte that was received, or lay unread, since something was last written. A handler
// that has taken the beginning of the next message with the one that it answers is told the end within it.

extension EventLoop {
    /// The connection's server shuts down.
    func drain(_ slot: UInt32) {
        connections[slot].flags.insert(.draining)
        switch connections[slot].phase {
        case .open:
            noteWaitingMessage(slot)
            if connections[slot].isDrained { resumeReader(slot) }
        case .closing: continueClosing(slot)
        case .connecting, .broken, .detaching, .released, .vacant: break
        }
    }

    /// A message that the socket holds is under way, too.
    @inline(__always)
    func noteWaitingMessage(_ slot: UInt32) {
        guard connections[slot].isDrained, connections[slot].descriptor >= 0,
            ring.bytesToReceive(connections[slot].descriptor) > 0
        else { return }
        connections[slot].flags.insert(.unanswered)
    }
}
