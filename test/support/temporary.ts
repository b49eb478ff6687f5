import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * A directory that is removed when the test ends. Directly below /tmp whatever TMPDIR says, because the
 * path of a unix socket has room for 107 bytes.
 */
export function temporaryDirectory(t: Pick<TestContext, 'after'>): string {
  const directory = mkdtempSync(join('/tmp', 'bt-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
