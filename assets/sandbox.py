"""What a process gives up before it touches a stranger's file: memory, computing time, the network, and every file but those it needs.

The kernel enforces all of it. Limits of resources always hold; where a kernel or a container refuses namespaces or Landlock, that part
is left out in silence (SECURITY.md names it). Linux only; elsewhere nothing but the limits of resources is applied.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import struct
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
# include/uapi/linux/landlock.h; the numbers of the calls are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_QUERY, _RULE_PATH_BENEATH = 1, 1
_EXECUTE, _READ_FILE, _READ_DIRECTORY = 1 << 0, 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Version of Landlock -> how many kinds of access to files it knows; later ones know as many as 5."""
_TCP_RIGHTS, _SCOPES = 0b11, 0b11
"""Bind and connect, from version 4; abstract sockets and signals to other processes, from version 6."""
_FILES_OF_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/dev/null", "/dev/urandom")


def close_network() -> bool:
    """Moves the process into a network namespace of its own, which has no interface; False where the kernel refuses.

    Must come before the first thread: the kernel changes the user namespace of single-threaded processes only.
    """
    try:
        return bool(ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)
    except (OSError, AttributeError):
        return False


def limit_resources(*, memory_bytes: int, cpu_s: int, open_files: int) -> None:
    """Limits address space, computing time and open files; the process writes no file and leaves no core."""
    limits = {
        resource.RLIMIT_AS: memory_bytes, resource.RLIMIT_CPU: cpu_s, resource.RLIMIT_NOFILE: open_files,
        resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0,
    }  # fmt: skip
    for kind, limit in limits.items():
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit))


def grant_cpu_time(seconds: int) -> None:
    """The kernel ends the process (SIGXCPU) where it computes longer than that from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def close_files(readable: Iterable[Path]) -> bool:
    """From now on only these files, and those of Python and the libraries, can be opened, and only to read; False without Landlock.

    It binds this thread and those that it starts, and also closes TCP and signals to other processes where the kernel knows how.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_QUERY)
    if version < 1 or sys.platform != "linux":
        return False
    files = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    attributes = struct.pack("=QQQ", files, _TCP_RIGHTS if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    # Older kernels refuse a longer record, even one of zeros in their place.
    length = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(length), 0)
    if ruleset < 0:
        return False
    try:
        for path in (*(Path(path) for path in sorted({*sys.path, sys.prefix, sys.base_prefix, *_FILES_OF_LIBRARIES}) if path), *readable):
            _allow_reading(libc, ruleset, path)
        return bool(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    """Does nothing where the path does not exist: then it cannot be read either."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | _READ_DIRECTORY | _EXECUTE if path.is_dir() else _READ_FILE
        libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def end_with_owner(descriptor: int) -> None:
    """Ends this process as soon as nobody can write into the pipe any more: its owner is gone, also one that was killed."""

    def watch() -> None:
        poll = select.poll()
        # No event is requested: the kernel reports the end of the other side alone, and leaves the data to their reader.
        poll.register(descriptor, 0)
        poll.poll()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
