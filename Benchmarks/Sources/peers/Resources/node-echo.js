// An idiomatic echo server with Node.js: `pipe` stops reading while the socket does not take the answer.
const net = require("node:net");

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // A client that breaks its connection affects only itself.
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
    console.log(`listening on 127.0.0.1:${server.address().port}`);
});
