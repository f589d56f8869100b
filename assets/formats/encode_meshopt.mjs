// Compresses buffer views with meshoptimizer, and prints them with what a decoder makes of them.
// usage: node encode_meshopt.mjs NODE_MODULES < JOBS > RESULTS
// JOBS: uint32 length of a JSON text, the text [{bytes, count, stride, mode, filter?, bits?, outStride?}], then the bytes of every job.
// RESULTS: the same, of [{packed, decoded}], then for each job its packed bytes and its decoded ones.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = join(process.argv[2], 'meshoptimizer');
const { MeshoptEncoder } = await import(pathToFileURL(join(folder, 'meshopt_encoder.js')));
const { MeshoptDecoder } = await import(pathToFileURL(join(folder, 'meshopt_decoder.mjs')));
await Promise.all([MeshoptEncoder.ready, MeshoptDecoder.ready]);

function filter(job, source) {
  // A copy: the bytes of a job may begin anywhere, floats may not.
  const floats = () => new Float32Array(source.slice().buffer);
  if (job.filter === 'EXPONENTIAL') return MeshoptEncoder.encodeFilterExp(floats(), job.count, job.outStride, job.bits, 'SharedComponent');
  if (job.filter === 'OCTAHEDRAL') return MeshoptEncoder.encodeFilterOct(floats(), job.count, job.outStride, job.bits);
  if (job.filter === 'QUATERNION') return MeshoptEncoder.encodeFilterQuat(floats(), job.count, job.outStride, job.bits);
  return source;
}

function encode(job, source) {
  // Version 0 of the format is the only one that EXT_meshopt_compression knows.
  const packed = MeshoptEncoder.encodeGltfBuffer(filter(job, source), job.count, job.outStride, job.mode, 0);
  const decoded = new Uint8Array(job.count * job.outStride);
  MeshoptDecoder.decodeGltfBuffer(decoded, job.count, job.outStride, packed, job.mode, job.filter);
  return [packed, decoded];
}

const input = readFileSync(0);
const length = input.readUInt32LE(0);
const jobs = JSON.parse(input.subarray(4, 4 + length).toString('utf-8'));
let offset = 4 + length;
const results = [], parts = [];
for (const job of jobs) {
  const [packed, decoded] = encode(job, new Uint8Array(input.subarray(offset, offset + job.bytes)));
  offset += job.bytes;
  results.push({ packed: packed.length, decoded: decoded.length });
  parts.push(packed, decoded);
}
const text = Buffer.from(JSON.stringify(results)), head = Buffer.alloc(4);
head.writeUInt32LE(text.length);
process.stdout.write(Buffer.concat([head, text, ...parts]));
