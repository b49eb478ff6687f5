/** Helpers of the scripts that generate files of the project. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/**
 * Writes a file that a script makes. With --check among the arguments of the program it writes nothing, and the
 * program fails if the file is not what it would write.
 * @param file its path in the project
 * @param script who makes it, for the message
 */
export function writeGenerated(file: string, text: string, script: string): void {
  const path = join(root, file);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${file} is stale: run node scripts/${script}`);
    process.exitCode = 1;
  }
}

/** A TypeScript source as the project formats it. @param file its path in the project */
export function formatted(file: string, text: string): string {
  return execFileSync(join(root, 'node_modules/.bin/biome'), ['format', `--stdin-file-path=${file}`], {
    cwd: root,
    input: text,
    encoding: 'utf8',
  });
}
