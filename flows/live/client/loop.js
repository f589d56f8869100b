// The frames of the live view. A machine that cannot draw them in time gets a simpler picture at once, and pauses between
// two frames in which sound and network are served: a late answer is worse than a coarse figure.

const SLOW_MS = 30;
const JUDGED_MS = 400;
const REST = 0.5; // of the time that a slow frame took, before the next one
const STEPS = [
  (scene) => { scene.renderer.shadowMap.enabled = false; scene.world.traverse((node) => { if (node.isLight) node.castShadow = false; }); },
  (scene) => scene.renderer.setPixelRatio(Math.min(devicePixelRatio, 1)),
  (scene) => scene.renderer.setPixelRatio(0.7),
  (scene) => scene.renderer.setPixelRatio(0.5),
];

/** Calls `update(delta)` and draws, every frame; returns {level, interval}: how far it was simplified, mean ms between frames. */
export function runLoop(scene, update) {
  const state = { level: 0, interval: 16 };
  let [last, restUntil, frames, since] = [performance.now(), 0, 0, performance.now()];
  scene.renderer.setAnimationLoop((now) => {
    const presenting = scene.renderer.xr.isPresenting;
    if (now < restUntil && !presenting) return;
    const interval = now - last;
    last = now;
    update(Math.min(interval / 1000, 0.1));
    if (!presenting) scene.orbit.update(interval / 1000);
    if (scene.visible || presenting) scene.renderer.render(scene.world, scene.camera);
    state.interval += (interval - state.interval) * 0.1;
    if (interval > SLOW_MS && state.level === STEPS.length) restUntil = now + Math.min(interval * REST, 60);
    frames += 1;
    if (now - since < JUDGED_MS) return;
    if ((now - since) / frames > SLOW_MS && state.level < STEPS.length) simplify(scene, state.level++);
    [frames, since] = [0, now];
  });
  return state;
}

function simplify(scene, level) {
  STEPS[level](scene);
  const { clientWidth, clientHeight } = scene.renderer.domElement.parentElement;
  scene.renderer.setSize(clientWidth, clientHeight);
  if (level === 0) scene.world.traverse((node) => { if (node.material) node.material.needsUpdate = true; }); // compiled with shadows
}
