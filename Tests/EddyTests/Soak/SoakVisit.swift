/// What a client does from connecting to closing.
enum SoakVisit: CaseIterable {
    /// Sends a message and waits for it to come back, several times.
    case converse
    /// Sends and receives at the same time.
    case stream
    /// Sends, ends its direction, and receives what comes back.
    case halfClose
    /// Sends one byte at a time, and receives later.
    case dribble
    /// Sends until nobody takes any more, rests, and receives it all then.
    case flood
    /// Sends until nobody takes any more, and leaves without having received anything.
    case stall
    /// Leaves with a reset in the middle of a stream.
    case reset
    /// Closes in the middle of a stream.
    case close
    /// Connects and leaves at once.
    case leave
}
