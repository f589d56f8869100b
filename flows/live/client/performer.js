// Plays an answer: the bundle's own lines with their clips, or new sentences with the face that came with them. The
// loudspeaker is the clock: body, lips and captions show what is heard at this moment.
import { nameRestClip, startClip } from '../../report/figure.js';

const GAP_S = 0.18; // between two lines of one answer
const BODY_CLIP = 'explain'; // for sentences without a clip of their own

/** {play, add, finish, stop, prepare, apply, get playing}; `on` has started(answer), ended(answer) and segment(segment). */
export function createPerformer(figure, overlay, loudspeaker, captions, load, on) {
  const lines = new Map();
  let answer = null;

  const prepare = (id) => {
    if (!lines.has(id)) lines.set(id, load(id).catch((error) => { lines.delete(id); throw error; }));
    return lines.get(id);
  };

  async function play(number, ids, texts) {
    stop();
    const mine = { number, segments: [], whole: false, shown: -1, begun: false };
    answer = mine;
    for (const id of ids) {
      const line = await prepare(id);
      if (answer !== mine) return;
      push(mine, { ...line, clip: `say_${id}`, text: texts[id] ?? '', duration: line.buffer.duration });
    }
    mine.whole = true;
  }

  function push(mine, segment) {
    const last = mine.segments.at(-1);
    segment.sound = loudspeaker.start(segment.buffer, last ? last.sound.end + GAP_S : 0);
    mine.segments.push(segment);
  }

  /** A new answer whose sentences come one by one. */
  function open(number) {
    stop();
    answer = { number, segments: [], whole: false, shown: -1, begun: false };
  }

  function add({ header, samples, face }) {
    if (answer?.number !== header.answer) return; // of an answer that was interrupted
    const buffer = loudspeaker.make(samples, header.rate);
    push(answer, { buffer, track: { face, ...header }, words: header.words, text: header.text, duration: buffer.duration });
  }

  function stop() {
    const stopped = answer;
    answer = null;
    if (!stopped) return;
    stopped.segments.forEach((segment) => segment.sound.stop());
    captions.clear();
    startClip(figure, nameRestClip(figure));
    on.ended(stopped.number);
  }

  function show(segment, index) {
    answer.shown = index;
    captions.show(segment.text, segment.words, segment.duration, segment.language);
    if (segment.clip) startClip(figure, segment.clip, { spoken: true });
    else startClip(figure, index === 0 && figure.clips.has(BODY_CLIP) ? BODY_CLIP : nameRestClip(figure), { once: index === 0 });
    on.segment(segment);
  }

  function applyTrack(track, seconds) {
    const at = Math.min(Math.max(seconds * track.fps, 0), track.frames - 1);
    const [low, share] = [Math.floor(at), at % 1];
    const width = track.morphs.length;
    const high = Math.min(low + 1, track.frames - 1);
    track.morphs.forEach((name, i) => {
      overlay.set(name, (track.face[low * width + i] * (1 - share) + track.face[high * width + i] * share) / 255);
    });
  }

  /** Before the mixer runs: the clip of a line gets the time of its sound. */
  function advance() {
    if (!answer?.segments.length) return;
    const now = loudspeaker.audible();
    const index = answer.segments.findLastIndex((segment) => segment.sound.at <= now);
    if (index >= 0 && !answer.begun) {
      answer.begun = true;
      on.started(answer.number);
    }
    if (index >= 0 && index !== answer.shown) show(answer.segments[index], index);
    const segment = answer.segments[answer.shown];
    if (!segment) return;
    answer.time = now - segment.sound.at;
    captions.mark(answer.time);
    if (segment.clip && figure.action) figure.action.time = Math.min(answer.time, figure.action.getClip().duration);
    if (answer.whole && now >= answer.segments.at(-1).sound.end) stop();
  }

  /** After the mixer: the face of a new sentence. */
  function applyFace() {
    const segment = answer?.segments[answer.shown];
    if (segment?.track) applyTrack(segment.track, answer.time);
  }

  return {
    play, open, add, stop, prepare, advance, applyFace,
    finish(number) { if (answer?.number === number) { answer.whole = true; if (!answer.segments.length) stop(); } },
    get playing() { return answer; },
  };
}
