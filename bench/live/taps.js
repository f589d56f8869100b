// Injected by bench.live: writes down the loudness of microphone and loudspeaker on one clock, and the pose of each frame.
(async () => {
  const { loudspeaker, ear } = window.fenshenLive;
  const { context } = loudspeaker;
  const code = `registerProcessor('tap', class extends AudioWorkletProcessor {
    constructor() { super(); this.rows = []; }
    process(inputs) {
      const row = [currentTime];
      for (const input of inputs) {
        let sum = 0;
        const channel = input[0] ?? [];
        for (let i = 0; i < channel.length; i += 1) sum += channel[i] * channel[i];
        row.push(Math.sqrt(sum / (channel.length || 1)));
      }
      this.rows.push(row);
      if (this.rows.length === 64) { this.port.postMessage(this.rows); this.rows = []; }
      return true;
    }
  });`;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const tap = new AudioWorkletNode(context, 'tap', { numberOfInputs: 2, numberOfOutputs: 0 });
  const bench = { rows: [], clocks: [], frames: [], tap };
  window.bench = bench;
  tap.port.onmessage = ({ data }) => {
    bench.rows.push(...data);
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    bench.clocks.push([performance.now(), context.currentTime, contextTime, performanceTime]);
  };
  context.createMediaStreamSource(ear.stream).connect(tap, 0, 0);
  loudspeaker.output.connect(tap, 0, 1);
  window.fenshenLive.onFrame = ({ performer, figure }) => {
    const { playing } = performer;
    const segment = playing?.segments[playing.shown];
    bench.frames.push([performance.now(), segment?.clip && figure.action ? figure.action.time : -1, segment?.at ?? -1]);
  };
  return [context.sampleRate, context.baseLatency, context.outputLatency];
})()
