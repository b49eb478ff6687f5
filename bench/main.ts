/**
 * Runs the benchmarks: a table on stderr, JSON on stdout. Fails if a ratio is beyond its bound.
 * Usage: main.ts [NAME…], by default all
 */
import { cpus } from 'node:os';
import { benchBus } from './bus.ts';
import { benchCreateReady } from './create-ready.ts';
import { benchCliStart, benchExec } from './exec.ts';
import { benchFirecracker } from './firecracker.ts';
import { isWithinBounds, type Result, tableOf } from './report.ts';
import { benchVmList } from './vm-list.ts';

const benchmarks: Readonly<Record<string, () => Promise<Result>>> = {
  bus: benchBus,
  'vm-list': benchVmList,
  'create-ready': benchCreateReady,
  firecracker: benchFirecracker,
  exec: benchExec,
  'cli-start': benchCliStart,
};

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benchmarks);
const results: Result[] = [];
for (const name of chosen) {
  const benchmark = benchmarks[name];
  if (!benchmark) {
    console.error(`bench: there is no ${name}; known: ${Object.keys(benchmarks).join(', ')}`);
    process.exit(2);
  }
  console.error(`bench: ${name} …`);
  results.push(await benchmark());
}
console.error(`\n${tableOf(results)}`);
console.log(JSON.stringify({ cpus: cpus().length, cpu: cpus()[0]?.model, results }, undefined, 2));
process.exitCode = isWithinBounds(results) ? 0 : 1;
