import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const inclusion = /^# shellcheck source=.*\n\. \.\/functions\.sh\n/m;

/** The text of a maintainer script or scriptlet, with the functions that it reads put into it. */
export function scriptText(path: string): string {
  const text = readFileSync(path, 'utf8');
  if (!inclusion.test(text)) throw new Error(`${path} does not read functions.sh`);
  const functions = readFileSync(join(dirname(path), '../scriptlets/functions.sh'), 'utf8');
  return text.replace(inclusion, () => functions).replace(/^# shellcheck .*\n/gm, '');
}
