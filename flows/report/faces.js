// Expressions: whole faces to try, and a slider for each of the 67 morphs in groups. A key is that of the label.
import { byId, create, createButton, label, press } from './dom.js';

const GROUPS = [
  ['brows', /^brow/], ['eyes', /^eye/], ['cheeks', /^(cheek|nose)/], ['jaw', /^(jaw|tongue)/],
  ['mouth', /^mouth/], ['visemes', /^viseme_/],
];

const pair = (name, weight) => ({ [`${name}Left`]: weight, [`${name}Right`]: weight });

const MOODS = {
  neutral: {},
  happy: { ...pair('mouthSmile', 0.8), ...pair('cheekSquint', 0.6), ...pair('eyeSquint', 0.35) },
  surprised: { browInnerUp: 0.8, ...pair('browOuterUp', 0.7), ...pair('eyeWide', 0.8), jawOpen: 0.35 },
  sad: { browInnerUp: 0.8, ...pair('mouthFrown', 0.7), mouthShrugLower: 0.3 },
  angry: { ...pair('browDown', 0.9), ...pair('noseSneer', 0.5), ...pair('mouthPress', 0.5), ...pair('eyeSquint', 0.3) },
  asleep: pair('eyeBlink', 1),
};

export function setMorph(player, name, value) {
  for (const mesh of player.morphs) {
    const index = mesh.morphTargetDictionary[name];
    if (index !== undefined) mesh.morphTargetInfluences[index] = value;
  }
  if (player.scene) player.scene.stale = true;
}

/** Holds these morphs over the clip that plays, and no others. */
function holdFace(player, weights) {
  for (const name of Object.keys(player.held)) setMorph(player, name, 0);
  player.held = { ...weights };
  for (const [name, value] of Object.entries(weights)) setMorph(player, name, value);
  for (const input of document.querySelectorAll('#morphs input')) input.value = player.held[input.name] ?? 0;
}

export function fillFaces(player) {
  const known = [...new Set(player.morphs.flatMap((mesh) => Object.keys(mesh.morphTargetDictionary)))];
  byId('expressing').hidden = !known.length;
  byId('moods').append(...Object.keys(MOODS).map((mood) => createMood(player, mood)));
  for (const [key, pattern] of GROUPS) {
    const names = known.filter((name) => pattern.test(name));
    if (names.length) byId('morphs').append(createGroup(player, key, names));
  }
}

function createMood(player, mood) {
  const button = createButton(label(`mood_${mood}`), () => {
    holdFace(player, MOODS[mood]);
    press('[data-mood]', (b) => b === button);
  });
  button.dataset.mood = mood;
  button.setAttribute('aria-pressed', String(mood === 'neutral'));
  return button;
}

function createGroup(player, key, names) {
  const group = create('details');
  const summary = create('summary');
  summary.append(label(`group_${key}`), create('small', { textContent: names.length }));
  const sliders = create('div', { className: 'sliders' });
  sliders.append(...names.map((name) => createSlider(player, name)));
  group.append(summary, sliders);
  return group;
}

function createSlider(player, name) {
  const row = create('label');
  const input = create('input', { type: 'range', min: 0, max: 1, step: 0.01, value: 0, name });
  input.oninput = () => {
    if (+input.value) player.held[name] = +input.value;
    else delete player.held[name];
    setMorph(player, name, +input.value);
    press('[data-mood]', () => false);
  };
  row.append(create('span', { textContent: name.replace('viseme_', '') }), input);
  return row;
}
