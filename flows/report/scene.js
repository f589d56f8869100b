// The 3D view: a lit scene with a floor, a camera that frames the figure, and its control by pointer and keyboard.
import * as THREE from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import { RoomEnvironment } from 'three/addons/environments/RoomEnvironment.js';
import { press } from './dom.js';

const TURN = Math.PI / 24;

/** {renderer, world, camera, orbit, root, shot, box, visible, stale}: stale requests one more frame; buttons are looked up in `root`. */
export function createScene(view, root = document) {
  const renderer = createRenderer(view);
  const world = new THREE.Scene();
  // A soft room needs no fine picture of itself: 64 pixels look like 256, and a machine without a GPU starts four times sooner.
  world.environment = new THREE.PMREMGenerator(renderer).fromScene(new RoomEnvironment(), 0.04, 0.1, 100, { size: 64 }).texture;
  world.environmentIntensity = 0.7;
  world.add(...createLights(), createFloor());
  const camera = new THREE.PerspectiveCamera(24, 1, 0.02, 50);
  const orbit = new OrbitControls(camera, renderer.domElement);
  Object.assign(orbit, { enableDamping: true, enablePan: false, minDistance: 0.35, maxDistance: 8, maxPolarAngle: 1.7, autoRotateSpeed: 2.4 });
  const scene = { renderer, world, camera, orbit, root, shot: 'face', box: null, visible: true, stale: true };
  keepPageScrollable(view, renderer.domElement);
  connectKeys(scene);
  followSize(scene, view);
  return scene;
}

function createRenderer(view) {
  const renderer = new THREE.WebGLRenderer({ antialias: true, alpha: true });
  renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
  renderer.toneMapping = THREE.NeutralToneMapping;
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = THREE.PCFSoftShadowMap;
  const canvas = renderer.domElement;
  canvas.tabIndex = 0;
  for (const [name, value] of [['role', 'img'], ['aria-labelledby', 'view-name'], ['aria-describedby', 'view-keys']]) canvas.setAttribute(name, value);
  view.prepend(canvas);
  return renderer;
}

function createLights() {
  // A photographer's three: a large warm key high to one side, a weak fill from the other, a cool rim behind.
  const key = new THREE.DirectionalLight(0xfff3e6, 1.55);
  key.position.set(1.3, 2.9, 2.6);
  key.castShadow = true;
  key.shadow.mapSize.set(2048, 2048);
  key.shadow.normalBias = 0.012;
  key.shadow.bias = -0.0002;
  key.shadow.radius = 5;
  Object.assign(key.shadow.camera, { left: -1.1, right: 1.1, top: 1.6, bottom: -1.6, near: 1, far: 7 });
  const fill = new THREE.DirectionalLight(0xeaf0ff, 0.8);
  fill.position.set(-2.2, 1.4, 2.4);
  const rim = new THREE.DirectionalLight(0xd6e4ff, 1.4);
  rim.position.set(-1.6, 2.4, -2.5);
  return [key, key.target, fill, rim];
}

function createFloor() {
  const disc = new THREE.Mesh(new THREE.CircleGeometry(2.2, 64).rotateX(-Math.PI / 2), new THREE.ShadowMaterial({ opacity: 0.22 }));
  disc.receiveShadow = true;
  return disc;
}

/** A vertical swipe or the wheel scrolls the page; the wheel zooms while the view has the focus. */
function keepPageScrollable(view, canvas) {
  canvas.style.touchAction = 'pan-y'; // OrbitControls set none
  view.addEventListener('wheel', (event) => { if (document.activeElement !== canvas && !event.ctrlKey) event.stopPropagation(); }, { capture: true });
}

function connectKeys(scene) {
  const { orbit } = scene;
  const moves = {
    ArrowLeft: () => orbit.rotateLeft(-TURN), ArrowRight: () => orbit.rotateLeft(TURN),
    ArrowUp: () => orbit.rotateUp(TURN), ArrowDown: () => orbit.rotateUp(-TURN),
    '+': () => orbit.dollyIn(1.1), '=': () => orbit.dollyIn(1.1), '-': () => orbit.dollyOut(1.1), 0: () => frameShot(scene, scene.shot),
  };
  scene.renderer.domElement.addEventListener('keydown', (event) => {
    if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    moves[event.key]();
    scene.stale = true;
  });
}

function followSize(scene, view) {
  const { renderer, camera } = scene;
  const resize = () => {
    renderer.setSize(view.clientWidth, view.clientHeight);
    camera.aspect = view.clientWidth / Math.max(view.clientHeight, 1);
    camera.updateProjectionMatrix();
    if (scene.box) frameShot(scene, scene.shot);
  };
  resize();
  new ResizeObserver(resize).observe(view);
  new IntersectionObserver((entries) => { scene.visible = entries.at(-1).isIntersecting; scene.stale = true; }).observe(view);
}

/** Sets the camera for `face`, `bust` or `body`. */
export function frameShot(scene, name) {
  const { box, camera, orbit } = scene;
  const height = box.max.y;
  const unit = height / 1.7; // children and giants are framed alike
  const shot = {
    face: { y: height - 0.16 * unit, tall: 0.52 * unit, wide: 0.46 * unit, turn: 0.22 },
    bust: { y: height - 0.36 * unit, tall: 0.95 * unit, wide: 0.85 * unit, turn: 0.18 },
    body: { y: height * 0.5, tall: height * 1.16, wide: height * 0.62, turn: 0.12 },
  }[name];
  const slope = Math.tan((camera.fov * Math.PI) / 360);
  const distance = Math.max(shot.tall / 2 / slope, shot.wide / 2 / slope / camera.aspect);
  orbit.target.set(0, shot.y, 0.03);
  camera.position.set(Math.sin(shot.turn) * distance, shot.y + 0.03 * distance, Math.cos(shot.turn) * distance + 0.03);
  orbit.update();
  Object.assign(scene, { shot: name, stale: true });
  press('[data-view]', (button) => button.dataset.view === name, scene.root);
}
