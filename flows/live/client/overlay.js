// Rotations and weights on top of the playing clip, for one frame: three.js writes only what its clip has changed since
// the frame before, so that what is added must be taken back before the mixer runs again.
import * as THREE from 'three';

export function createOverlay(figure) {
  let [rotations, weights] = [[], []];
  const [turn, euler] = [new THREE.Quaternion(), new THREE.Euler()];

  function change(name, compute) {
    for (const mesh of figure.morphs) {
      const index = mesh.morphTargetDictionary[name];
      if (index === undefined) continue;
      const before = mesh.morphTargetInfluences[index];
      weights.push([mesh, index, before]);
      mesh.morphTargetInfluences[index] = compute(before);
    }
  }

  return {
    undo() {
      for (const [bone, rotation] of rotations.reverse()) bone.quaternion.copy(rotation);
      for (const [mesh, index, value] of weights.reverse()) mesh.morphTargetInfluences[index] = value;
      [rotations, weights] = [[], []];
    },
    add(name, value) { if (Math.abs(value) > 0.004) change(name, (before) => Math.min(1, Math.max(0, before + value))); },
    set(name, value) { change(name, () => value); },
    turn(bone, x, y, z) {
      rotations.push([bone, bone.quaternion.clone()]);
      bone.quaternion.multiply(turn.setFromEuler(euler.set(x, y, z)));
    },
  };
}
