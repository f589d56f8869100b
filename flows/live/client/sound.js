// Sounds as numbers: a WAV file's samples, and samples at another rate.

const ZEROS = 16; // of the filter, to each side

/** {samples: Float32Array, rate} of a WAV file of 16-bit mono samples, which is what bundles have. */
export function readWav(bytes) {
  const view = new DataView(bytes);
  let [at, rate] = [12, 0];
  while (at + 8 <= view.byteLength) {
    const [name, size] = [view.getUint32(at), view.getUint32(at + 4, true)];
    if (name === 0x666d7420) rate = view.getUint32(at + 12, true); // "fmt "
    if (name === 0x64617461) { // "data"
      const end = Math.min(at + 8 + size, view.byteLength);
      return { samples: Float32Array.from(new Int16Array(bytes.slice(at + 8, end - ((end - at) % 2))), (value) => value / 32768), rate };
    }
    at += 8 + size + (size % 2);
  }
  throw new Error('this is no WAV file');
}

/** Index from which a sound is worth playing: 20 ms before its first audible sample. A bundle's lines begin with silence, which is waiting. */
export function findStart(samples, rate) {
  const loudest = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const first = samples.findIndex((value) => Math.abs(value) > loudest * 0.008); // -42 dB, as the voice stage judges it
  return Math.max(0, first - Math.round(0.02 * rate));
}

/** The samples at another rate, through a windowed sinc: a straight line between samples would sound dull. */
export function resample(samples, from, to) {
  if (from === to) return samples;
  const [step, scale] = [from / to, Math.min(1, to / from)];
  const width = Math.ceil(ZEROS / scale);
  const out = new Float32Array(Math.floor(samples.length / step));
  for (let k = 0; k < out.length; k += 1) {
    const at = k * step;
    let sum = 0;
    for (let i = Math.max(0, Math.ceil(at - width)); i <= Math.min(samples.length - 1, at + width); i += 1) {
      const x = (at - i) * scale * Math.PI;
      const sinc = Math.abs(x) < 1e-9 ? 1 : Math.sin(x) / x;
      sum += samples[i] * sinc * (0.5 + 0.5 * Math.cos(((at - i) * Math.PI) / width));
    }
    out[k] = sum * scale;
  }
  return out;
}
