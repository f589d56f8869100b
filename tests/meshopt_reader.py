"""A compressed GLB as plain arrays: what MeshoptDecoder of the npm package meshoptimizer makes of its buffer views."""

from __future__ import annotations

import json
import subprocess

from assets.formats.glb import unpack_glb
from assets.formats.meshopt import MESHOPT
from assets.paths import find_program, get_node_modules
from stages.verify.bundle_view import Glb

_SCRIPT = """
const MeshoptDecoder = require(process.argv[1] + '/meshoptimizer/meshopt_decoder.cjs');
MeshoptDecoder.ready.then(() => {
  const { views, file } = JSON.parse(require('fs').readFileSync(0));
  const data = Buffer.from(file, 'hex'), parts = [];
  for (const v of views) {
    const target = new Uint8Array(v.count * v.byteStride);
    const source = new Uint8Array(data.subarray(v.byteOffset, v.byteOffset + v.byteLength));
    MeshoptDecoder.decodeGltfBuffer(target, v.count, v.byteStride, source, v.mode, v.filter);
    parts.push(Buffer.from(target).toString('hex'));
  }
  process.stdout.write(JSON.stringify(parts));
});
"""


def expand_glb(data: bytes) -> Glb:
    """The GLB with its buffer views decoded, each at the place in the second buffer that it names; pictures are left out."""
    document, binary = unpack_glb(data)
    packed = [view for view in document["bufferViews"] if "extensions" in view]
    request = json.dumps({"views": [view["extensions"][MESHOPT] for view in packed], "file": binary.hex()})
    command = [str(find_program("node")), "-e", _SCRIPT, str(get_node_modules().absolute())]
    done = subprocess.run(command, input=request, capture_output=True, text=True, timeout=60, check=True)
    expanded = bytearray(document["buffers"][1]["byteLength"])
    for view, text in zip(packed, json.loads(done.stdout), strict=True):
        part = bytes.fromhex(text)
        assert len(part) == view["byteLength"]
        expanded[view["byteOffset"] : view["byteOffset"] + len(part)] = part
    return Glb("avatar.meshopt.glb", document, bytes(expanded))
