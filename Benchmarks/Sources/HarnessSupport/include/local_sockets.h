// Sockets on this machine, without the casts that they need in Swift. Functions return a negative error number on
// failure.

#ifndef LOCAL_SOCKETS_H
#define LOCAL_SOCKETS_H

#include <stdint.h>

// A listening socket, for a program that cannot report its port. `port` becomes the port.
int listen_on_free_port(uint16_t *port);

// A connection.
int connect_to_port(uint16_t port);

// Sends `count` bytes and waits for their echo, for 10 seconds at most.
int echo_bytes(int file, uint32_t count);

#endif
