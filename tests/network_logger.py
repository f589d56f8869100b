"""A network namespace whose name server and only road out write down every question and packet.

Run by `unshare -rnm python FILE LOG COMMAND...`.

The name server answers every question, so that a library which phones home also tries to connect.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TextIO

ANSWER = "198.51.100.99"
"""Of a block for documentation (RFC 5737): nothing is there."""


def set_up() -> None:
    """Loopback, a road to nowhere as the default route, and a resolver on loopback."""
    for words in (
        "link set lo up", "link add out type veth peer name nowhere", "addr add 192.0.2.2/24 dev out", "link set out up",
        "link set nowhere up", "route add default via 192.0.2.1",
    ):  # fmt: skip
        subprocess.run(["ip", *words.split()], check=True)
    # The neighbour is known, so that packets leave instead of waiting for its address.
    subprocess.run(["ip", "neigh", "add", "192.0.2.1", "lladdr", "02:00:00:00:00:01", "dev", "out", "nud", "permanent"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
    resolver = Path("/mnt/resolv.conf")
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", str(resolver), "/etc/resolv.conf"], check=True)


def read_name(packet: bytes) -> str:
    """The name of a DNS question (RFC 1035, 4.1.2)."""
    parts, at = [], 12
    while packet[at]:
        parts.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii", "replace"))
        at += packet[at] + 1
    return ".".join(parts)


def answer_names(server: socket.socket, log: TextIO) -> None:
    while True:
        packet, client = server.recvfrom(4096)
        name = read_name(packet)
        log.write(f"look-up {name}\n")
        end = 12 + len(name) + 2 + 4
        kind = packet[end - 4 : end - 2]
        found = kind == b"\0\1"
        header = packet[:2] + b"\x81\x80\0\1" + (b"\0\1" if found else b"\0\0") + bytes(4)
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(ANSWER) if found else b""
        server.sendto(header + packet[12:end] + record, client)


def watch_road(road: socket.socket, log: TextIO) -> None:
    while True:
        frame, address = road.recvfrom(65535)
        is_outgoing_ip = address[0] == "out" and address[2] == socket.PACKET_OUTGOING and frame[12:14] == b"\x08\x00"
        if is_outgoing_ip and frame[23] in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
            to, header = socket.inet_ntoa(frame[30:34]), 14 + 4 * (frame[14] & 15)
            log.write(f"connect {to}:{int.from_bytes(frame[header + 2 : header + 4], 'big')}\n")


def main() -> int:
    """Runs the command in the namespace; returns its exit code."""
    set_up()
    log = Path(sys.argv[1]).open("w", buffering=1, encoding="utf-8")  # noqa: SIM115
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    road = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    for work, source in ((answer_names, server), (watch_road, road)):
        threading.Thread(target=work, args=(source, log), daemon=True).start()
    return subprocess.run(sys.argv[2:], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
