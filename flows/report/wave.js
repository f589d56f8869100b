// The spoken line as a picture: loudness over time, coloured by the mouth's shape, with a cursor where the sound is.

const BINS = 220;
const COLOURS = { PP: '#c2452d', FF: '#c2452d', sil: '#9a9ca644', aa: '#e0a13a', E: '#d9b64a', I: '#d9c65a', O: '#5a8fd0', U: '#4f79c4' };
const colour = (viseme) => COLOURS[viseme.replace('viseme_', '')] ?? '#7fa08a';

/** Loudest sample of each of 220 equal parts of a 16-bit mono WAV, 0..1. */
export function computePeaks(wav) {
  const samples = new Int16Array(wav.slice(44, wav.byteLength - (wav.byteLength % 2)));
  const size = samples.length / BINS;
  return Array.from({ length: BINS }, (_, i) => {
    let loudest = 0;
    for (let k = Math.floor(i * size); k < Math.floor((i + 1) * size); k += 1) loudest = Math.max(loudest, Math.abs(samples[k]));
    return loudest / 32768;
  });
}

export function drawWave(canvas, line, now, duration) {
  const scale = Math.min(devicePixelRatio, 2);
  const [width, height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext('2d');
  pen.clearRect(0, 0, width, height);
  const loudest = Math.max(...line.peaks, 0.01);
  const step = width / BINS;
  line.peaks.forEach((peak, i) => {
    const time = ((i + 0.5) / BINS) * duration;
    const cue = line.cues.find((c) => c.start <= time && time < c.end);
    pen.globalAlpha = time <= now ? 1 : 0.35;
    pen.fillStyle = cue ? colour(cue.viseme) : '#9a9ca6';
    const tall = Math.max((peak / loudest) * height, 2 * scale);
    pen.fillRect(i * step, (height - tall) / 2, Math.max(step - scale, 1), tall);
  });
}
