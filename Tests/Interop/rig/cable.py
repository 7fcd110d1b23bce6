"""A network cable between one person and the server that a test can pull out and put back.

Signalling goes through a TCP relay, media through a UDP relay; the page points its connections at them. A pulled cable
resets the TCP connections, refuses new ones and drops every datagram.
"""

import selectors
import socket
import struct
import threading

READ_SIZE = 65_536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Cable:
    """Relays `127.0.0.1:tcp_port` and `127.0.0.1:udp_port` to a server's HTTP port and media ports."""

    def __init__(self, http_port: int) -> None:
        self._http_port = http_port
        self._connected = threading.Event()
        self._connected.set()
        self._closing = False
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.tcp_port: int = self._listener.getsockname()[1]
        self._media: dict[int, MediaRelay] = {}
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.tcp_port}"

    def media_port(self, server_port: int) -> int:
        """The local port that stands for a media port of the server."""
        with self._lock:
            if server_port not in self._media:
                self._media[server_port] = MediaRelay(server_port, self._connected)
            return self._media[server_port].port

    def pull(self) -> None:
        self._connected.clear()
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                reset(end)

    def plug(self) -> None:
        self._connected.set()

    def close(self) -> None:
        self._closing = True
        self.pull()
        self._listener.close()
        for relay in self._media.values():
            relay.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._connected.is_set():
                reset(near)
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._http_port), timeout=5)
            except OSError:
                reset(near)
                continue
            far.settimeout(None)
            with self._lock:
                self._pairs.append((near, far))
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=copy, args=(source, target), daemon=True).start()


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(READ_SIZE):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        reset(source)
        reset(target)


def reset(end: socket.socket) -> None:
    """Closes with a TCP reset, so that the other side learns of it at once and without a goodbye."""
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


class MediaRelay:
    """Passes datagrams between any number of local peers and one media port, one outgoing socket per peer."""

    def __init__(self, server_port: int, connected: threading.Event) -> None:
        self._server = ("127.0.0.1", server_port)
        self._connected = connected
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self.port: int = self._near.getsockname()[1]
        self._far: dict[tuple[str, int], socket.socket] = {}
        self._peers: dict[socket.socket, tuple[str, int]] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._near, selectors.EVENT_READ)
        self._closing = False
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._closing = True

    def _run(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select(timeout=0.5):
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                try:
                    data, sender = ready.recvfrom(READ_SIZE)
                    if self._connected.is_set():
                        self._pass_on(ready, data, sender)
                except OSError:
                    continue
        for end in (self._near, *self._peers):
            end.close()

    def _pass_on(self, ready: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        if ready is not self._near:
            self._near.sendto(data, self._peers[ready])
            return
        far = self._far.get(sender)
        if far is None:
            far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            far.bind(("127.0.0.1", 0))
            self._far[sender], self._peers[far] = far, sender
            self._selector.register(far, selectors.EVENT_READ)
        far.sendto(data, self._server)
