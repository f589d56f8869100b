// The binary frames of the protocol (docs/live.md): sound of the microphone out, speech in.

const MICROPHONE = 1;
const SPEECH = 2;

/** A frame of 16-bit samples at 16 kHz. */
export function encodeSound(samples) {
  const frame = new Uint8Array(4 + samples.byteLength);
  frame[0] = MICROPHONE;
  frame.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), 4);
  return frame.buffer;
}

/** {header, samples: Float32Array, face: Uint8Array of 67 weights a frame} of one spoken sentence. */
export function decodeSpeech(frame) {
  const view = new DataView(frame);
  if (view.getUint8(0) !== SPEECH) throw new Error('this frame is no speech');
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 8, length)));
  const pcm = new Int16Array(frame, 8 + length, header.samples);
  const face = new Uint8Array(frame, 8 + length + pcm.byteLength, header.frames * header.morphs.length);
  return { header, samples: Float32Array.from(pcm, (value) => value / 32768), face };
}
