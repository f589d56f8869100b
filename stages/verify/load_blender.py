"""Imports a GLB with Blender's own importer and prints a summary of the scene as one line of JSON.

Run by Blender (`blender --background --python load_blender.py -- FILE [CLIP SECONDS [PICTURE]]`) or by a Python that has bpy, never
imported. With a clip, its pose at that time is reported as well, and drawn where a PNG is named.
"""

import json
import sys

import bpy


def find_armature():
    """The armature that deforms the meshes; None where the file has none."""
    return next((o for o in bpy.data.objects if o.type == "ARMATURE"), None)


def find_skinned_meshes() -> list:
    """The meshes of the file: those that an armature deforms (the importer adds a mesh of its own to display bones)."""
    return [o for o in bpy.data.objects if o.type == "MESH" and any(m.type == "ARMATURE" for m in o.modifiers)]


def to_gltf(point) -> list:
    """Blender is Z up and faces -Y: [x, y, z] with Y up, facing Z."""
    return [point.x, point.z, -point.y]


def summarise_scene() -> dict:
    """Names and counts, where each bone begins and ends, and the heights of the lowest and highest vertex of the bind pose in metres."""
    meshes, armature = find_skinned_meshes(), find_armature()
    heights = [to_gltf(o.matrix_world @ vertex.co)[1] for o in meshes for vertex in o.data.vertices]
    # The first key is the basis, which the file does not name.
    keys = {o.name: [k.name for k in o.data.shape_keys.key_blocks][1:] for o in meshes if o.data.shape_keys}
    bones = armature.data.bones if armature else []
    return {
        "joints": sorted(bone.name for bone in bones),
        "bones": {b.name: [to_gltf(armature.matrix_world @ p) for p in (b.head_local, b.tail_local)] for b in bones},
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


def show_clip(clip: str, seconds: float) -> None:
    """Puts every object into the clip's pose."""
    scene, action = bpy.context.scene, bpy.data.actions[clip]
    for item in bpy.data.objects:
        for data in (item, item.data.shape_keys if item.type == "MESH" else None):
            animation = data.animation_data if data else None
            if animation is None:
                continue
            for track in animation.nla_tracks:
                track.mute = True
            animation.action = action
            # Since Blender 4.4 an action has a slot for each object that it moves.
            slots = [slot for slot in getattr(animation, "action_suitable_slots", ()) if slot.name_display == data.name]
            if slots:
                animation.action_slot = slots[0]
    frame = seconds * scene.render.fps / scene.render.fps_base
    scene.frame_set(int(frame), subframe=frame % 1)


def measure_pose() -> dict:
    """Where each joint is in the pose of the current frame."""
    armature = find_armature()
    return {bone.name: to_gltf(armature.matrix_world @ bone.head) for bone in armature.pose.bones}


def draw(path: str, height: float) -> None:
    """A picture by Blender's workbench, bones in front of the body."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    camera.data.type, camera.data.ortho_scale = "ORTHO", 1.25 * height
    camera.location, camera.rotation_euler = (1.2, -4.0, 0.55 * height), (1.571, 0.0, 0.29)
    camera.data.shift_y = -0.02
    scene.camera, scene.render.filepath = camera, path
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.device = 8, "CPU"
    scene.render.resolution_x, scene.render.resolution_y = 480, 640
    scene.world = bpy.data.worlds.new("world")
    scene.world.color = (0.9, 0.9, 0.9)
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.energy, sun.rotation_euler = 3.0, (0.7, 0.2, 0.4)
    scene.collection.objects.link(sun)
    bpy.ops.render.render(write_still=True)


def main(path: str, clip: str = "", seconds: str = "0", picture: str = "") -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=path)
    found = summarise_scene()
    if clip and find_armature() and clip in bpy.data.actions:
        show_clip(clip, float(seconds))
        found["pose"] = measure_pose()
        if picture:
            draw(picture, found["high"])
    print("\nFENSHEN " + json.dumps(found), flush=True)


main(*(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]))
