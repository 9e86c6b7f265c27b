import CounterService

/// A program with a service in it.
@main
struct Embedded {
    static func main() async throws {
        let service = try CounterService(on: "127.0.0.1:7001")
        print("listening on \(service.address); try: printf 'add 5\\nget\\nquit\\n' | nc 127.0.0.1 7001")
        await service.run()
    }
}
