"""Imports a GLB with Blender's own importer and prints a summary of the scene as one line of JSON.

Run by Blender (`blender --background --python load_blender.py -- FILE`) or by a Python that has bpy, never imported.
"""

import json
import sys

import bpy


def find_skinned_meshes() -> list:
    """The meshes of the file: those that an armature deforms (the importer adds a mesh of its own to display bones)."""
    return [o for o in bpy.data.objects if o.type == "MESH" and any(m.type == "ARMATURE" for m in o.modifiers)]


def summarise_scene() -> dict:
    """Names and counts, and the heights of the lowest and highest vertex of the bind pose in metres."""
    meshes = find_skinned_meshes()
    # Blender is Z up: its Z is the file's Y.
    heights = [(o.matrix_world @ vertex.co).z for o in meshes for vertex in o.data.vertices]
    # The first key is the basis, which the file does not name.
    keys = {o.name: [k.name for k in o.data.shape_keys.key_blocks][1:] for o in meshes if o.data.shape_keys}
    return {
        "joints": sorted(bone.name for a in bpy.data.objects if a.type == "ARMATURE" for bone in a.data.bones),
        "meshes": len(meshes),
        "shape_keys": keys,
        "actions": sorted(action.name for action in bpy.data.actions),
        "materials": sorted(material.name for material in bpy.data.materials),
        # Reading the size decodes the image; it is 0 where that fails.
        "images": sorted(image.name for image in bpy.data.images if min(image.size)),
        "low": min(heights, default=0.0),
        "high": max(heights, default=0.0),
        "version": bpy.app.version_string,
    }


bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_scene.gltf(filepath=sys.argv[-1])
print("\nFENSHEN " + json.dumps(summarise_scene()), flush=True)
