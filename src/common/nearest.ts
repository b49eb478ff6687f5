import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Finds what a path leads to, or the innermost directory above it that is there. */
export function findNearest(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) || path === '/' ? path : findNearest(dirname(path));
}
