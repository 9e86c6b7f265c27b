import EddyRing
import EddySystem

extension Ring {
    /// Submits what is queued and returns the next `count` completions; an error if they do not come for a long time.
    func completions(_ count: Int) throws -> [CompletionEntry] {
        let deadline = now + 30_000_000_000
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

    /// Cancels all that is in flight and returns the last completions of it.
    func cancelAll() throws -> [CompletionEntry] {
        var all: [CompletionEntry] = []
        // What has ended by itself is not among those that are found.
        while let completion = nextCompletion() { all.append(completion) }
        let endedBefore = all.filter(\.isLast).count
        try submit(.cancelEverything(token: OperationToken(kind: 255)))
        while let completion = try completions(1).first {
            if completion.token.kind != 255 {
                all.append(completion)
                continue
            }
            // The number of those cancelled.
            while all.filter(\.isLast).count < endedBefore + Int(completion.result) { all += try completions(1) }
            return all
        }
        return all
    }
}
