import EddyRing
import EddySystem

extension Ring {
    /// Submits what is queued and returns the next `count` completions; throws if they do not arrive for a long time.
    func completions(_ count: Int) throws -> [CompletionEntry] {
        let deadline = now.advanced(by: .seconds(30))
        var all: [CompletionEntry] = []
        try enter(waitFor: 0, deadline: nil)
        while all.count < count {
            guard now < deadline else { throw SystemError.timedOut }
            if let completion = nextCompletion() {
                all.append(completion)
            } else {
                try enter(waitFor: 1, deadline: deadline)
            }
        }
        return all
    }

    /// Cancels everything in flight and returns the final completions.
    func cancelAll() throws -> [CompletionEntry] {
        var all: [CompletionEntry] = []
        // Operations that have ended already are not among those that are cancelled.
        while let completion = nextCompletion() { all.append(completion) }
        let endedBefore = all.filter(\.isLast).count
        try submit(.cancelEverything(token: OperationToken(kind: 255)))
        while let completion = try completions(1).first {
            if completion.token.kind != 255 {
                all.append(completion)
                continue
            }
            // The number of cancelled operations.
            while all.filter(\.isLast).count < endedBefore + Int(completion.result) { all += try completions(1) }
            return all
        }
        return all
    }
}
