"""Certificates for tests, and a look at the one that a server shows."""

import datetime
import ipaddress
import socket
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# A Binding request of STUN without attributes, and what its answer begins with.
BINDING_REQUEST = bytes.fromhex("000100002112a442") + b"twelve bytes"
BINDING_SUCCESS = bytes.fromhex("0101")


class Pair:
    """A self-signed certificate and its key, as files that can be replaced."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"
        self.renew()

    def renew(self, days: float = 90, *, key: bool = True) -> bytes:
        """Writes another certificate (with `key=False` without its key); its bytes."""
        now = datetime.datetime.now(datetime.timezone.utc)
        private = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "switchboard test")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=365))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(private, hashes.SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        if key:
            self.key.write_bytes(
                private.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        return certificate.public_bytes(serialization.Encoding.DER)


def connect(port: int, protocol: str | None = None) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocol:
        context.set_alpn_protocols([protocol])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname="localhost")


def https_certificate(port: int) -> bytes:
    with connect(port) as connection:
        return connection.getpeercert(binary_form=True)


def turns_certificate(port: int) -> bytes:
    """The certificate of TURN over TLS, after a word of STUN with the server."""
    with connect(port, "stun.turn") as connection:
        connection.sendall(BINDING_REQUEST)
        assert connection.recv(2) == BINDING_SUCCESS
        return connection.getpeercert(binary_form=True)
