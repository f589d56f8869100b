"""C++ libraries are silenced on standard error, Python is not."""

import subprocess
import sys

CODE = """
import logging, os, sys
from assets.quiet_native import silence_native_stderr
logging.basicConfig(format="%(message)s")
with silence_native_stderr():
    os.write(2, b"W0000 from C++\\n")
    print("written by Python", file=sys.stderr)
    logging.getLogger("x").warning("written by a logger")
os.write(2, b"audible again\\n")
with silence_native_stderr(), silence_native_stderr():
    raise ValueError("a bug stays a traceback")
"""


def test_only_python_reaches_standard_error():
    output = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False).stderr
    assert "from C++" not in output
    assert output.startswith("written by Python\nwritten by a logger\naudible again\nTraceback")
    assert output.endswith("ValueError: a bug stays a traceback\n")


def test_no_descriptor_is_left_open():
    code = """
import os
from assets.quiet_native import silence_native_stderr
def count(): return len(os.listdir("/proc/self/fd"))
with silence_native_stderr(): pass
before = count()
for _ in range(5):
    with silence_native_stderr(): pass
print(count() - before)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "0\n"
