/// The echo servers.
struct EchoPeers {
    let programs: ProgramFolder

    func all(variants: Bool = false) -> [Peer] {
        eddy + [eddyOnEpoll] + (variants ? uringVariants : [uring]) + [
            Peer("epoll", "C, epoll") { _ in [programs["epoll-echo"]] },
            Peer("nio", "SwiftNIO, handlers") { _ in [programs["nio-echo"]] },
            Peer("nio-async", "SwiftNIO, NIOAsyncChannel") { _ in [programs["nio-async-echo"]] },
            Peer("nio-async-on-loop", "SwiftNIO, NIOAsyncChannel on its loop") { _ in
                [programs["nio-async-echo"], "--on-loop"]
            },
            node,
        ]
    }

    /// Includes both of Eddy's ways to distribute connections to two loops, which here share a processor.
    var allForShortConnections: [Peer] {
        let sharing = ["per-loop", "round-robin"].map { mode in
            Peer("eddy-2-\(mode)", "Eddy, two loops, \(mode)") { _ in
                [programs.eddies[0].path, "echo", "--loops", "2", "--listen", "127.0.0.1:0", "--accept", mode]
            }
        }
        return eddy + sharing + all().filter { !$0.name.hasPrefix("eddy") }
    }

    private var eddy: [Peer] {
        programs.eddies.map { name, title, path in
            Peer(name, title) { _ in [path, "echo", "--loops", "1", "--listen", "127.0.0.1:0"] }
        }
    }

    /// Eddy where io_uring is forbidden.
    private var eddyOnEpoll: Peer {
        let path = programs.eddies[0].path
        return Peer(
            name: "eddy-epoll",
            title: { _ in "Eddy on epoll" },
            start: { _, place in
                var program = Program([path, "echo", "--loops", "1", "--listen", "127.0.0.1:0"], in: place)
                program.environment.append("EDDY_ENGINE=epoll")
                return try RunningServer(program)
            }
        )
    }

    /// Uses the configuration that wins in each case.
    var uring: Peer {
        Peer(
            name: "uring",
            title: { "C, io_uring (\(UringConfiguration.best(for: $0).description))" },
            isReference: true,
            start: { load, place in
                let arguments = UringConfiguration.best(for: load).arguments
                return try RunningServer(Program([programs["uring-echo"]] + arguments, in: place))
            }
        )
    }

    private var uringVariants: [Peer] {
        UringConfiguration.candidates.map { configuration in
            var peer = Peer("uring:\(configuration.name)", "C, io_uring (\(configuration.description))") { _ in
                [programs["uring-echo"]] + configuration.arguments
            }
            peer.isReference = true
            return peer
        }
    }

    private var node: Peer {
        let script = String(decoding: PackageResources.node_echo_js, as: UTF8.self)
        var peer = Peer("node", "Node.js, net") { _ in ["node", "--eval", script] }
        if !ProgramFolder.has("node") { peer.missing = "node is not in PATH" }
        return peer
    }
}
