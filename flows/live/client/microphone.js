// AudioWorklet: the microphone's sound at 16 kHz in blocks of 32 ms of 16-bit samples, whatever the device's rate.

const RATE = 16000;
const BLOCK = 512;
const ZEROS = 12; // of the filter, to each side

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = sampleRate / RATE;
    this.width = Math.ceil(ZEROS * Math.max(1, this.step));
    this.sound = new Float32Array(this.width * 2);
    this.at = this.width; // position of the next output sample in `sound`
    this.block = new Int16Array(BLOCK);
    this.filled = 0;
    this.out = null;
    this.open = true;
    this.port.onmessage = ({ data }) => {
      if (data.port) this.out = data.port;
      if (data.close) this.open = false;
    };
  }

  /** A windowed sinc whose cut-off is half of the lower rate: what lies above would be heard as another tone. */
  sample(at) {
    const scale = Math.min(1, 1 / this.step);
    let sum = 0;
    for (let i = Math.ceil(at - this.width + 1); i < at + this.width; i += 1) {
      const x = at - i;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / this.width);
      const phase = Math.PI * x * scale;
      sum += (this.sound[i] ?? 0) * window * scale * (Math.abs(phase) < 1e-9 ? 1 : Math.sin(phase) / phase);
    }
    return sum;
  }

  process([[channel]]) {
    if (!channel || !this.open) return this.open;
    const grown = new Float32Array(this.sound.length + channel.length);
    grown.set(this.sound);
    grown.set(channel, this.sound.length);
    this.sound = grown;
    while (this.at + this.width < this.sound.length) {
      this.push(this.sample(this.at));
      this.at += this.step;
    }
    const done = Math.floor(this.at) - this.width;
    if (done > 0) {
      this.sound = this.sound.slice(done);
      this.at -= done;
    }
    return true;
  }

  push(value) {
    this.block[this.filled] = Math.round(Math.max(-1, Math.min(1, value)) * 32767);
    this.filled += 1;
    if (this.filled < BLOCK) return;
    this.out?.postMessage(this.block.slice());
    this.filled = 0;
  }
}

registerProcessor('microphone', Microphone);
