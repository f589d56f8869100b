// Virtual and augmented reality in the same page: the figure stands a step away from the person who looks.
import { create, label } from '../../report/dom.js';

const DISTANCE_M = 1.3;
const MODES = [['immersive-vr', 'enter_vr', ['local-floor']], ['immersive-ar', 'enter_ar', ['local-floor']]];

/** Adds a button for each mode that this device has. */
export async function connectXr(scene, bar) {
  for (const [mode, key, requiredFeatures] of MODES) {
    const supported = await navigator.xr?.isSessionSupported(mode).catch(() => false);
    if (!supported) continue;
    const button = create('button', { type: 'button', onclick: () => enter(scene, mode, requiredFeatures) });
    button.append(label(key));
    bar.append(button);
  }
}

async function enter(scene, mode, requiredFeatures) {
  const { renderer, world } = scene;
  const session = await navigator.xr.requestSession(mode, { requiredFeatures });
  renderer.xr.enabled = true;
  await renderer.xr.setSession(session);
  world.position.z = -DISTANCE_M; // the viewer's own place is the origin of the room
  session.addEventListener('end', () => {
    renderer.xr.enabled = false;
    world.position.z = 0;
    scene.stale = true;
  });
}
