"""C++ libraries are kept off standard error, Python is not."""

import subprocess
import sys

CODE = """
import logging, os, sys
from assets.quiet_native import native_hush
logging.basicConfig(format="%(message)s")
with native_hush():
    os.write(2, b"W0000 from below\\n")
    print("told by Python", file=sys.stderr)
    logging.getLogger("x").warning("told by a logger")
os.write(2, b"heard again\\n")
with native_hush(), native_hush():
    raise ValueError("a bug stays a traceback")
"""


def test_only_python_reaches_standard_error():
    told = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False).stderr
    assert "from below" not in told
    assert told.startswith("told by Python\ntold by a logger\nheard again\nTraceback")
    assert told.endswith("ValueError: a bug stays a traceback\n")


def test_no_descriptor_is_left_open():
    code = """
import os
from assets.quiet_native import native_hush
def count(): return len(os.listdir("/proc/self/fd"))
with native_hush(): pass
before = count()
for _ in range(5):
    with native_hush(): pass
print(count() - before)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "0\n"
