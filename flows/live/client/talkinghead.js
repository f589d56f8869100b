// A bundle's lines in TalkingHead (npm @met4citizen/talkinghead): sound, lips, words, mood and gesture; questions are answered by words.
//   import { openBundle } from './fenshen-talkinghead.js';
//   const bundle = await openBundle('kofi/', head); await bundle.say('hello'); const { text } = await bundle.ask('When do you open?');
import { createConversation } from '../../report/answer.js';

const MOODS = { happy: 'happy', sad: 'sad' };
// TalkingHead's gestures of one hand are of the left; [name, seconds, mirrored]. `yes` is a nod.
const GESTURES = { wave: ['handup', 2, true], point: ['index', 2.5, true], explain: ['side', 2.5], shrug: ['shrug', 2], nod: ['yes', 1.2] };
const SILENCE = 'viseme_sil';
const toMilliseconds = (seconds) => Math.round(1000 * seconds);

function makeTracks(mark, spans) {
  return {
    [`${mark}times`]: spans.map((span) => toMilliseconds(span.start)),
    [`${mark}durations`]: spans.map((span) => toMilliseconds(span.end - span.start)),
  };
}

/** What TalkingHead's speakAudio takes for a line: decoded sound, and the tracks of visemes/ID.json in milliseconds. */
export function makeSpeech(audio, { cues, words = [] }) {
  const spoken = cues.filter((cue) => cue.viseme !== SILENCE);
  return {
    audio,
    visemes: spoken.map((cue) => cue.viseme.replace('viseme_', '')), ...makeTracks('v', spoken),
    words: words.map((word) => word.text), ...makeTracks('w', words),
  };
}

/**
 * The bundle at a URL, for a TalkingHead that shows its avatar.glb: {dialogue, say, ask, stop}.
 * say(...ids) resolves once the lines have been heard, or stop() was called; ask(question) speaks the answer's lines and resolves to
 * {lines, text, question}. `onWord(word, id)` is called with each word as it is heard.
 */
export async function openBundle(url, head, { onWord = () => {} } = {}) {
  const base = new URL(url.endsWith('/') ? url : `${url}/`, document.baseURI);
  const read = async (path) => {
    const answer = await fetch(new URL(path, base));
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer;
  };
  const dialogue = await (await read('dialogue.json')).json();
  const answer = createConversation(dialogue);
  const lines = new Map(dialogue.lines.map((line) => [line.id, line]));
  let current = 0;
  let finish = () => {};

  async function load(id) {
    if (!lines.has(id)) throw new Error(`the bundle has no line ${id}`);
    const [sound, track] = await Promise.all([read(`voice/${id}.wav`), read(`visemes/${id}.json`)]);
    const audio = await head.audioCtx.decodeAudioData(await sound.arrayBuffer());
    return { line: lines.get(id), speech: makeSpeech(audio, await track.json()) };
  }

  function begin({ emotion, gesture }) {
    head.setMood(MOODS[emotion] ?? 'neutral');
    if (GESTURES[gesture]) head.playGesture(...GESTURES[gesture]);
  }

  function stop() {
    current += 1;
    head.stopSpeaking();
    finish();
  }

  async function say(...ids) {
    const loaded = await Promise.all(ids.map(load));
    stop();
    const number = current;
    const only = (act) => () => { if (number === current) act(); };
    await new Promise((resolve) => {
      finish = resolve;
      if (!loaded.length) resolve();
      loaded.forEach(({ line, speech }, index) => {
        const ended = index === loaded.length - 1 ? [only(resolve)] : [];
        // Words are markers: TalkingHead's subtitles do not say which line they belong to, and still come after a stop.
        const markers = [only(() => begin(line)), ...speech.words.map((word) => only(() => onWord(word, line.id))), ...ended];
        const mtimes = [0, ...speech.wtimes, ...ended.map(() => toMilliseconds(speech.audio.duration))];
        head.speakAudio({ ...speech, markers, mtimes });
      });
    });
    if (number === current) head.setMood('neutral');
  }

  async function ask(question) {
    const found = answer(question);
    await say(...found.lines);
    return { ...found, text: found.lines.map((id) => lines.get(id)?.text ?? '').join(' ') };
  }

  return { dialogue, say, ask, stop };
}
