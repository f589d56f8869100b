// Prints {"path": {errors, warnings, messages}} of the Khronos glTF-Validator for each file given.
// usage: node validate_gltf.mjs NODE_MODULES FILE...
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [modules, ...paths] = process.argv.slice(2);
const validator = createRequire(join(modules, 'package.json'))('gltf-validator');
const reports = {};
for (const path of paths) {
  try {
    const { issues } = await validator.validateBytes(new Uint8Array(readFileSync(path)), { uri: path, maxIssues: 200 });
    const messages = issues.messages.filter((m) => m.severity < 2).slice(0, 5).map((m) => `${m.code} ${m.pointer ?? ''}: ${m.message}`);
    reports[path] = { errors: issues.numErrors, warnings: issues.numWarnings, messages };
  } catch (error) {
    reports[path] = { errors: 1, warnings: 0, messages: [String(error)] };
  }
}
process.stdout.write(JSON.stringify(reports));
