// Shows an answer while the loudspeaker plays it: the bundle's own lines with their clips, or new sentences with the face
// that came with them. The loudspeaker is the clock: body, lips and captions show what is heard at this moment.
import { nameRestClip, startClip } from '../../report/figure.js';

const BODY_CLIP = 'explain'; // for sentences without a clip of their own
const MOST_WAITING = 50; // sentences whose sound has not begun

/** {open, add, start, end, advance, applyFace, get playing}; `on` has began(answer) and ended(answer). */
export function createPerformer(figure, overlay, loudspeaker, captions, on) {
  let answer = null;

  /** A new answer: `segments` are {clip, text, words} of its lines; sentences that are spoken now are added later. */
  function open(number, segments = []) {
    if (answer) end(answer.number);
    answer = { number, segments, shown: -1, time: 0 };
  }

  function add({ header, face }) {
    if (answer?.number !== header.answer || answer.segments.length > MOST_WAITING) return; // of an answer that was interrupted
    const { at } = answer.segments[header.number] ?? {};
    answer.segments[header.number] = { text: header.text, words: header.words, track: { ...header, face }, at };
  }

  /** The loudspeaker begins a segment at `time` of its clock. */
  function start({ answer: number, index, time, seconds }) {
    if (answer?.number !== number) return;
    answer.segments[index] = Object.assign(answer.segments[index] ?? { text: '', words: [] }, { at: time, seconds });
    if (index === 0) on.began(number);
  }

  function end(number) {
    if (answer?.number !== number) return;
    answer = null;
    captions.clear();
    startClip(figure, nameRestClip(figure));
    on.ended(number);
  }

  function show(segment, index) {
    answer.shown = index;
    if (segment.clip) startClip(figure, segment.clip, { spoken: true });
    else startClip(figure, index === 0 && figure.clips.has(BODY_CLIP) ? BODY_CLIP : nameRestClip(figure), { once: index === 0 });
  }

  /** Before the mixer runs: the clip of a line gets the time of its sound. */
  function advance() {
    if (!answer) return;
    const now = loudspeaker.audible();
    const index = answer.segments.findLastIndex((segment) => segment?.at <= now);
    if (index < 0) return;
    const segment = answer.segments[index];
    if (index !== answer.shown) show(segment, index);
    if (segment.words !== answer.words) { // they may arrive after the sound has begun
      answer.words = segment.words;
      captions.show(segment.text, segment.words, segment.seconds);
    }
    answer.time = now - segment.at;
    captions.mark(answer.time);
    if (segment.clip && figure.action) figure.action.time = Math.min(answer.time, figure.action.getClip().duration);
  }

  /** After the mixer: the face of a new sentence. */
  function applyFace() {
    const track = answer?.segments[answer.shown]?.track;
    if (!track) return;
    const at = Math.min(Math.max(answer.time * track.fps, 0), track.frames - 1);
    const [low, share, width] = [Math.floor(at), at % 1, track.morphs.length];
    const high = Math.min(low + 1, track.frames - 1);
    track.morphs.forEach((name, i) => {
      overlay.set(name, (track.face[low * width + i] * (1 - share) + track.face[high * width + i] * share) / 255);
    });
  }

  return { open, add, start, end, advance, applyFace, get playing() { return answer; } };
}
