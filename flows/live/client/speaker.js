// AudioWorklet: plays the segments of an answer one after the other, and says exactly when each begins. It is fed by the
// worker that owns the connection, so that a page that draws slowly neither delays nor interrupts the sound.

const FADE_S = 0.012; // an interrupted sound ends without a click

class Speaker extends AudioWorkletProcessor {
  constructor() {
    super();
    Object.assign(this, { queue: [], current: null, at: 0, wait: 0, answer: null, whole: false, fading: 0 });
    this.ports = [this.port];
    this.port.onmessage = ({ data }) => {
      if (data.port) { this.ports.push(data.port); data.port.onmessage = this.port.onmessage; } else this.handle(data);
    };
  }

  handle({ open, play, whole, stop }) {
    if (open !== undefined) { this.end(); this.answer = open; this.whole = false; }
    if (play && play.answer === this.answer) this.queue.push(play);
    if (whole !== undefined && whole === this.answer) { this.whole = true; this.endIfDone(); }
    if (stop) this.end();
  }

  emit(message) { this.ports.forEach((port) => port.postMessage(message)); }

  end() {
    if (this.answer === null) return;
    if (this.current) this.fading = Math.round(FADE_S * sampleRate);
    this.queue = [];
    this.emit({ ended: this.answer });
    this.answer = null;
  }

  endIfDone() {
    if (this.answer !== null && this.whole && !this.current && !this.queue.length) this.end();
  }

  begin(frame) {
    this.current = this.queue.shift();
    this.at = 0;
    const { answer, index, samples, skipped, gap } = this.current;
    // The time at which the whole line would have begun: clips and captions count from there.
    this.emit({ started: { answer, index, time: (currentFrame + frame) / sampleRate - skipped, seconds: samples.length / sampleRate + skipped } });
    this.wait = Math.round(gap * sampleRate);
  }

  next(frame) {
    if (!this.current) {
      if (this.wait > 0) { this.wait -= 1; return 0; }
      if (!this.queue.length) return 0;
      this.begin(frame);
    }
    const { samples } = this.current;
    let value = samples[this.at] ?? 0;
    this.at += 1;
    if (this.fading) {
      value *= this.fading / (FADE_S * sampleRate);
      this.fading -= 1;
      if (!this.fading) { this.current = null; this.wait = 0; return value; }
    }
    if (this.current && this.at >= samples.length) { this.current = null; this.fading = 0; this.endIfDone(); }
    return value;
  }

  process(_, [[channel]]) {
    for (let i = 0; i < channel.length; i += 1) channel[i] = this.next(i);
    return true;
  }
}

registerProcessor('speaker', Speaker);
