import Glibc

/// The relays: a client's bytes go to another server, and the answers come back.
struct RelayPeers {
    let programs: ProgramFolder

    func all(variants: Bool) -> [Peer] {
        eddy + (variants ? uringVariants : [uring("uring", .relay)]) + [haproxy, nginx]
    }

    private var eddy: [Peer] {
        programs.eddies.map { name, title, path in
            Peer(name, title) { place in
                [path, "proxy", "--loops", "1", "--listen", "127.0.0.1:0", "--to", place.upstream]
            }
        }
    }

    /// Its connections to the other server are descriptors of the process, so there are no registered files.
    private var uringVariants: [Peer] {
        UringConfiguration.candidates.filter { !$0.registersFiles }.map { uring("uring:\($0.name)", $0) }
    }

    private func uring(_ name: String, _ configuration: UringConfiguration) -> Peer {
        var peer = Peer(name, "C, io_uring (\(configuration.description))") { place in
            [programs["uring-relay"], "--to", place.upstream] + configuration.arguments
        }
        peer.isReference = true
        return peer
    }

    private var haproxy: Peer {
        Peer(
            name: "haproxy",
            title: { _ in "HAProxy" },
            missing: ProgramFolder.has("haproxy") ? nil : "haproxy is not in PATH; install the package haproxy",
            start: { _, place in
                let listener = try ListeningSocket()
                let settings = try MemoryFile(PackageResources.haproxy_cfg)
                var program = Program(["haproxy", "-db", "-q", "-f", settings.path], in: place)
                program.environment.append("UPSTREAM=\(place.upstream)")
                program.extra = listener.descriptor
                return try withExtendedLifetime((settings, listener)) {
                    try RunningServer(program, answeringAt: listener.address)
                }
            }
        )
    }

    private var nginx: Peer {
        Peer(
            name: "nginx",
            title: { _ in "nginx, stream" },
            missing: ProgramFolder.has("nginx") && access("/usr/lib/nginx/modules/ngx_stream_module.so", F_OK) == 0
                ? nil : "nginx or its stream module is missing; install the package libnginx-mod-stream",
            start: { _, place in
                // It cannot take over a socket, only a port that was free a moment ago.
                let address = try ListeningSocket().address
                let text = String(decoding: PackageResources.nginx_conf, as: UTF8.self)
                    .replacing("@LISTEN@", with: address)
                    .replacing("@UPSTREAM@", with: place.upstream)
                let settings = try MemoryFile(Array(text.utf8))
                let program = Program(["nginx", "-e", "stderr", "-c", settings.path], in: place)
                return try withExtendedLifetime(settings) { try RunningServer(program, answeringAt: address) }
            }
        )
    }
}
