// What a figure does that no clip holds: it looks at the camera, nods while it listens, looks aside while it thinks.
import * as THREE from 'three';

const EYE_RANGE = 0.52; // radians at which an eyeLook morph is 1
const NOD_S = 0.62;
const STATES = {
  idle: { nods: 0, tilt: 0, away: 0, brow: 0, lean: 0 },
  listening: { nods: 0.42, tilt: 0.05, away: 0, brow: 0.16, lean: 0.045 },
  thinking: { nods: 0, tilt: -0.04, away: 1, brow: 0.1, lean: -0.02 },
  speaking: { nods: 0, tilt: 0, away: 0, brow: 0, lean: 0 },
};

/** {set(state), nod(), update(delta)}; `camera` is what it looks at. */
export function createPresence(figure, overlay, camera) {
  const bones = ['Neck', 'Head'].map((name) => figure.root.getObjectByName(name)).filter(Boolean);
  const now = { tilt: 0, away: 0, brow: 0, lean: 0, yaw: 0, pitch: 0 };
  const [place, target] = [new THREE.Vector3(), new THREE.Vector3()];
  let [state, nodAt, clock] = ['idle', Infinity, 0];

  /** Eyes and, half as much, the head towards the camera; it does not twist its neck after somebody who walks around it. */
  function look(delta) {
    bones.at(-1)?.getWorldPosition(place);
    camera.getWorldPosition(target).sub(place);
    const yaw = Math.atan2(target.x, target.z);
    const pitch = Math.atan2(target.y - 0.06, Math.hypot(target.x, target.z)); // the eyes are above the joint
    const inView = Math.abs(yaw) < 1 ? 1 - now.away : 0;
    const blend = 1 - Math.exp(-delta * 6);
    now.yaw += (yaw * inView + 0.3 * now.away - now.yaw) * blend;
    now.pitch += (pitch * inView + 0.2 * now.away - now.pitch) * blend;
    turnEyes((now.yaw * 0.6) / EYE_RANGE, (now.pitch * 0.6 + now.lean) / EYE_RANGE); // who leans forward still looks at you
  }

  function turnEyes(left, up) {
    for (const [name, value] of [['OutLeft', left], ['InRight', left], ['InLeft', -left], ['OutRight', -left]]) overlay.add(`eyeLook${name}`, Math.max(0, value));
    for (const side of ['Left', 'Right']) {
      overlay.add(`eyeLookUp${side}`, Math.max(0, up));
      overlay.add(`eyeLookDown${side}`, Math.max(0, -up));
    }
  }

  function computeNod() {
    const phase = (clock - nodAt) / NOD_S;
    if (phase > 1) nodAt = Infinity;
    return phase > 0 && phase < 1 ? 0.085 * Math.sin(Math.PI * phase) ** 2 : 0;
  }

  function update(delta) {
    clock += delta;
    const [goal, blend] = [STATES[state], 1 - Math.exp(-delta * 7)];
    for (const key of Object.keys(goal)) if (key in now) now[key] += (goal[key] - now[key]) * blend;
    if (nodAt === Infinity && Math.random() < goal.nods * delta) nodAt = clock;
    look(delta);
    const pitch = now.lean + computeNod() - now.pitch * 0.4;
    for (const bone of bones) overlay.turn(bone, pitch / bones.length, (now.yaw * 0.4) / bones.length, now.tilt / bones.length);
    overlay.add('browInnerUp', now.brow);
    for (const side of ['Left', 'Right']) overlay.add(`browOuterUp${side}`, now.brow * 0.6);
  }

  return {
    update,
    get state() { return state; },
    set(name) { state = name; },
    nod() { if (nodAt === Infinity) nodAt = clock; },
  };
}
