"""What the interop tests stand on: the server under test, browsers, a plain WebRTC client, and a network to break."""
