// The loudspeaker: a worklet that plays, and the clock of what is heard at this moment, which lips and captions follow.

/** {context, output, node, port, audible(), resume()}; `port` is for the worker that feeds it. */
export async function createLoudspeaker(script) {
  const context = new AudioContext({ latencyHint: 'interactive' });
  await context.audioWorklet.addModule(script);
  const node = new AudioWorkletNode(context, 'speaker', { numberOfInputs: 0, outputChannelCount: [1] });
  const output = context.createGain();
  node.connect(output).connect(context.destination);
  const channel = new MessageChannel();
  node.port.postMessage({ port: channel.port1 }, [channel.port1]);

  return { context, output, node, port: channel.port2, audible: makeAudible(context), resume: () => context.resume() };
}

/** A function: seconds of the context's clock that are heard now; the clock itself is ahead by the latency of the output. */
export const makeAudible = (context) => (now = performance.now()) => {
  const stamp = context.getOutputTimestamp?.();
  const latest = context.currentTime;
  if (stamp?.performanceTime > 0) {
    const heard = stamp.contextTime + (now - stamp.performanceTime) / 1000;
    if (heard <= latest && latest - heard < 0.5) return heard;
  }
  return latest - (context.outputLatency || context.baseLatency || 0);
};
