// Worker: owns the connection. Sound goes from the microphone's thread to the server, and from the server to the
// loudspeaker's thread, without the page: a page that draws on the CPU answers messages late, by a frame or more.
import { connect } from './connection.js';
import { encodeSound } from './frames.js';
import { findStart, readWav, resample } from './sound.js';

const MOST_WAITING = 64000; // bytes; two seconds of sound that the network did not take are too old to matter
const GAP_S = 0.18; // between two lines of one answer
const state = { connection: null, speaker: null, rate: 48000, base: '', answer: null };
const sounds = new Map(); // line -> promise of its samples at the loudspeaker's rate, and the seconds of silence cut off before them

function loadSound(id) {
  if (!sounds.has(id)) {
    const loading = fetch(`${state.base}/voice/${encodeURIComponent(id)}.wav`).then(async (response) => {
      if (!response.ok) throw new Error(`${id}: ${response.status}`);
      const { samples, rate } = readWav(await response.arrayBuffer());
      const skipped = findStart(samples, rate);
      return { samples: resample(samples.subarray(skipped), rate, state.rate), skipped: skipped / rate };
    });
    loading.catch(() => sounds.delete(id));
    sounds.set(id, loading);
  }
  return sounds.get(id);
}

function play(answer, index, { samples, skipped = 0 }, gap = 0) {
  state.speaker.postMessage({ play: { answer, index, samples, skipped, gap } });
}

async function playLines(answer, lines) {
  state.answer = answer;
  state.speaker.postMessage({ open: answer });
  try {
    for (const [index, id] of lines.entries()) play(answer, index, await loadSound(id), GAP_S);
  } catch (error) {
    postMessage({ failed: error.message });
  }
  state.speaker.postMessage({ whole: answer });
}

const handlers = {
  hearing: ({ prepare }) => prepare.forEach((id) => loadSound(id).catch(() => {})),
  answer({ answer, lines, new: spoken }) {
    if (!spoken) playLines(answer, lines);
    else state.speaker.postMessage({ open: answer });
  },
  spoken: ({ answer }) => state.speaker.postMessage({ whole: answer }),
  stop: () => state.speaker.postMessage({ stop: true }),
};

function start({ url, base, rate, hello, speaker }) {
  Object.assign(state, { base, rate, speaker });
  speaker.onmessage = ({ data }) => {
    if (data.started?.index === 0) state.connection.send({ type: 'played', answer: data.started.answer, event: 'started' });
    if (data.ended !== undefined) state.connection.send({ type: 'played', answer: data.ended, event: 'ended' });
  };
  state.connection = connect(url, () => hello, {
    open: () => {},
    message: (message) => { handlers[message.type]?.(message); postMessage({ message }); },
    speech: ({ header, samples, face }) => {
      play(header.answer, header.number, { samples: resample(samples, header.rate, state.rate) });
      postMessage({ speech: { header, face } });
    },
    lost: (final) => postMessage({ lost: { final } }),
  });
}

onmessage = ({ data }) => {
  if (data.start) start(data.start);
  if (data.send) state.connection.send(data.send);
  if (data.stop) state.speaker.postMessage({ stop: true });
  if (data.microphone) {
    data.microphone.onmessage = ({ data: samples }) => {
      if (state.connection.open && state.connection.waiting < MOST_WAITING) state.connection.send(encodeSound(samples));
    };
  }
};
