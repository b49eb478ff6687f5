import type { Terminal } from '../../../src/cli/output/terminal.ts';

/** A terminal that keeps what was written to it. */
export function fakeTerminal(given: Partial<Terminal> & { width?: number } = {}) {
  let text = '';
  return {
    live: true,
    unicode: true,
    columns: () => given.width,
    rows: () => undefined,
    style: (_: string, styled: string) => styled,
    ...given,
    write: (more: string) => {
      text += more;
    },
    get text() {
      return text;
    },
  };
}
