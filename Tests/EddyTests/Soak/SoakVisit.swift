/// What a client does from connecting to closing.
enum SoakVisit: CaseIterable {
    /// Sends a message and waits for its echo, several times.
    case converse
    /// Sends and receives at the same time.
    case stream
    /// Sends, half-closes, and receives the echo.
    case halfClose
    /// Sends single bytes, and receives later.
    case dribble
    /// Sends until the server takes no more, pauses, and then receives everything.
    case flood
    /// Sends until the server takes no more, and closes without having received anything.
    case stall
    /// Resets in the middle of a stream.
    case reset
    /// Closes in the middle of a stream.
    case close
    /// Connects and closes at once.
    case leave
}
