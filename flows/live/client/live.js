// The live page: a figure that listens, thinks, speaks and stops when it is interrupted. Bundled with three.js by `fenshen bake`.
import * as THREE from 'three';
import { byId, connectLanguages, create, data, label, tag } from '../../report/dom.js';
import { loadFigure, nameRestClip, startClip } from '../../report/figure.js';
import { createScene, frameShot } from '../../report/scene.js';
import { openBundle } from './assets.js';
import { createCaptions } from './captions.js';
import { connect } from './connection.js';
import { createEar } from './ear.js';
import { createLoudspeaker } from './loudspeaker.js';
import { runLoop } from './loop.js';
import { createOverlay } from './overlay.js';
import { createPerformer } from './performer.js';
import { createPresence } from './presence.js';
import { connectXr } from './xr.js';

const MOST_EVENTS = 4000;
const THINKING_MS = 250; // a shorter thought is not shown: it would be a twitch
const page = { events: [], state: 'idle', say: false };
window.fenshenLive = page; // for tests, for bench.live and for the browser's console

function note(kind, fields = {}) {
  page.events.push({ at: performance.now(), kind, ...fields });
  if (page.events.length > MOST_EVENTS) page.events.splice(0, MOST_EVENTS / 2);
}

let thinking = 0;

function setState(state) {
  clearTimeout(thinking);
  if (state === 'thinking' && page.state !== 'thinking') {
    thinking = setTimeout(() => showState('thinking'), THINKING_MS);
    return;
  }
  showState(state);
}

function showState(state) {
  if (state === page.state) return;
  page.state = state;
  page.presence?.set(state === 'lost' ? 'idle' : state);
  document.body.dataset.state = state;
  byId('state').replaceChildren(label(`state_${state}`));
  note('state', { state });
}

/** A turn of the conversation in the log; what people and bundles wrote is text. */
function addTurn(who, text, language) {
  const row = create('p', { className: who, textContent: text, lang: tag(language) });
  byId('log').append(row);
  while (byId('log').children.length > 200) byId('log').firstChild.remove();
  row.scrollIntoView({ block: 'nearest' });
}

const showHearing = (text) => { byId('hearing').textContent = text; };

function showNotice(key, values = {}) {
  byId('notice').hidden = !key;
  byId('notice').replaceChildren(...(key ? [label(key, values)] : []));
}

const handlers = {
  ready(message) {
    Object.assign(page, { say: message.say, language: message.language });
    showNotice('');
    showState(page.performer.playing ? 'speaking' : 'idle');
    document.body.dataset.connected = 'yes';
  },
  state({ state }) {
    if (state === 'listening') showHearing('…');
    else showHearing('');
    setState(state);
  },
  hearing({ text, prepare }) {
    showHearing(text);
    page.presence.nod();
    prepare.forEach((id) => page.performer.prepare(id).catch(() => {}));
  },
  heard({ text }) {
    showHearing('');
    addTurn('person', text, page.language);
  },
  answer(message) {
    clearTimeout(thinking);
    addTurn('figure', message.text, page.language);
    note('answer', { answer: message.answer, new: message.new, lines: message.lines, timing: message.timing, question: message.question });
    if (message.new) page.performer.open(message.answer);
    else if (message.lines.length) {
      page.performer.play(message.answer, message.lines, page.texts).catch((error) => { showNotice('no_sound', { reason: error.message }); page.performer.stop(); });
    } else showState('idle');
  },
  spoken({ answer }) { page.performer.finish(answer); },
  stop({ answer, reason }) {
    note('stop', { answer, reason });
    page.performer.stop();
  },
  error({ code, message }) {
    note('error', { code });
    showNotice('server_says', { message });
    if (page.state === 'thinking') showState('idle');
  },
};

function openConnection() {
  const url = new URL('/live', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  return connect(url.href, () => ({ bundle: data.bundle, consent: page.consent === true }), {
    open: (message) => { note('open', { session: message.session, resumed: message.resumed }); if (page.ear?.on) page.connection.send({ type: 'microphone', on: true }); },
    message: (message) => handlers[message.type]?.(message),
    speech: (speech) => { note('speech', { answer: speech.header.answer, number: speech.header.number }); page.performer.add(speech); },
    lost: (final) => {
      delete document.body.dataset.connected;
      if (!final) showNotice('lost');
      showState('lost');
    },
  });
}

function createPageEar() {
  return createEar(page.loudspeaker.context, '/scripts/microphone.js', () => page.connection, (on, error) => {
    byId('microphone').setAttribute('aria-pressed', String(on));
    note('microphone', { on });
    if (error) showNotice(error.name === 'NotAllowedError' ? 'microphone_refused' : 'microphone_failed', { reason: error.message });
  });
}

function connectControls() {
  byId('ask').onsubmit = async (event) => {
    event.preventDefault();
    const text = byId('question').value.trim();
    if (!text) return;
    await page.loudspeaker.resume();
    byId('question').value = '';
    addTurn('person', text, page.language);
    note('question', { text });
    page.connection.send({ type: 'ask', text });
  };
  byId('microphone').onclick = async () => { await page.loudspeaker.resume(); await page.ear.toggle(); };
  byId('stop').onclick = () => { page.connection.send({ type: 'stop' }); page.performer.stop(); };
  byId('bundle')?.addEventListener('change', ({ target }) => { location.href = `/talk/${encodeURIComponent(target.value)}`; });
  for (const button of document.querySelectorAll('[data-view]')) button.onclick = () => frameShot(page.scene, button.dataset.view);
}

/** Where the server records, nothing is sent before the person has said whether they agree. */
function askConsent() {
  if (!data.record) return Promise.resolve(false);
  const dialog = byId('consent');
  dialog.showModal();
  return new Promise((done) => { dialog.onclose = () => done(dialog.returnValue === 'agree'); });
}

function update(delta) {
  page.overlay.undo();
  page.performer.advance();
  page.figure.mixer.update(delta);
  page.performer.applyFace();
  page.presence.update(delta);
  page.onFrame?.(page);
}

async function start() {
  connectLanguages();
  page.loudspeaker = createLoudspeaker();
  const bundle = openBundle(`/bundles/${encodeURIComponent(data.bundle)}`, page.loudspeaker.decode);
  page.texts = Object.fromEntries(data.dialogue.lines.map((line) => [line.id, line.text]));
  page.figure = await loadFigure(await bundle.fetchBytes('avatar.glb'));
  document.body.dataset.loaded = page.figure.counts.join(',');
  page.scene = createScene(byId('view'));
  page.scene.world.add(page.figure.root);
  page.scene.box = new THREE.Box3().setFromObject(page.figure.root);
  frameShot(page.scene, innerWidth < 700 ? 'face' : 'bust');
  page.overlay = createOverlay(page.figure);
  page.presence = createPresence(page.figure, page.overlay, page.scene.camera);
  page.performer = createPerformer(page.figure, page.overlay, page.loudspeaker, createCaptions(byId('caption')), bundle.loadLine, {
    started: (answer) => { note('started', { answer }); page.connection.send({ type: 'played', answer, event: 'started' }); showState('speaking'); },
    ended: (answer) => { note('ended', { answer }); page.connection.send({ type: 'played', answer, event: 'ended' }); if (page.state === 'speaking') showState('idle'); },
    segment: (segment) => note('segment', { clip: segment.clip ?? '', at: segment.sound.at }),
  });
  startClip(page.figure, nameRestClip(page.figure));
  connectControls();
  page.loop = runLoop(page.scene, update);
  connectXr(page.scene, byId('xr'));
  byId('wait').remove();
  page.consent = await askConsent();
  page.connection = openConnection();
  page.ear = createPageEar();
  document.body.dataset.drawn = 'yes';
}

start().catch((error) => { document.body.dataset.failed = byId('wait').textContent = String(error); });
