import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../src/common/find-program.ts';
import { allPids, isLive, readStat } from '../../../src/common/proc.ts';
import type { EnclosureTools } from '../../../src/network/enclosure.ts';

const built = join(import.meta.dirname, '../../../build/host');

/** A program of our own for the host; fails with what makes it. */
export function helper(name: string): string {
  const path = join(built, name);
  if (!existsSync(path)) throw new Error(`${path} is not there; run \`make build\``);
  return path;
}

/** An installed program; fails with the package that has it. */
export function program(name: string, packageName: string): string {
  const path = findProgram(name);
  if (!path) throw new Error(`${name} is not installed; run \`apt-get install ${packageName}\``);
  return path;
}

export function enclosureTools(): EnclosureTools {
  return { netnsExec: helper('netns-exec'), slirp4netns: program('slirp4netns', 'slirp4netns') };
}

/** The living processes that have this text among their arguments: a test's directory finds all it started. */
export function processesWith(text: string): string[] {
  return allPids()
    .filter((pid) => pid !== process.pid && isLive(readStat(pid)))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes(text));
}
