// Plays sounds one after the other, and knows what the loudspeaker plays at this moment: the clock of lips and captions.

const FADE_S = 0.02; // an interrupted sound ends without a click

/** {context, output, resume(), decode(bytes), make(samples, rate), start(buffer, at), audible()}. */
export function createLoudspeaker() {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const output = context.createGain();
  output.connect(context.destination);

  /** Seconds of the context's clock that are heard now: the clock itself is ahead by the latency of the output. */
  function audible(now = performance.now()) {
    const stamp = context.getOutputTimestamp?.();
    const latest = context.currentTime;
    if (stamp?.performanceTime > 0) {
      const heard = stamp.contextTime + (now - stamp.performanceTime) / 1000;
      if (heard <= latest && latest - heard < 0.5) return heard;
    }
    return latest - (context.outputLatency || context.baseLatency || 0);
  }

  function make(samples, rate) {
    const buffer = context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    return buffer;
  }

  /** {at, end, stop()}: the sound begins at `at` seconds of the clock, or as soon as possible. */
  function start(buffer, at = 0) {
    const source = context.createBufferSource();
    const gain = context.createGain();
    source.buffer = buffer;
    source.connect(gain).connect(output);
    const begin = Math.max(at, context.currentTime + 0.005);
    source.start(begin);
    const stop = () => {
      gain.gain.setTargetAtTime(0, context.currentTime, FADE_S / 4);
      source.stop(context.currentTime + FADE_S);
    };
    return { at: begin, end: begin + buffer.duration, stop };
  }

  return { context, output, audible, make, start, resume: () => context.resume(), decode: (bytes) => context.decodeAudioData(bytes) };
}
