import Eddy

extension EventLoop.Configuration {
    /// Closing may take as long as a test that has to wait for its turn on a busy machine.
    static var patient: EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(100)
        return configuration
    }
}
