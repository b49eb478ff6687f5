import { randomBytes } from 'node:crypto';
import type { NameTable } from './zone.ts';

/** Of no VM: those of a user begin at 1. */
const address = '127.66.0.0';

/** Names of VMs, and for a moment one that nobody else can know: whoever finds it has asked here. */
export class ProbedNames implements NameTable {
  readonly #names: NameTable;
  readonly #probes = new Set<string>();

  constructor(names: NameTable) {
    this.#names = names;
  }

  find(labels: readonly string[]): readonly string[] | undefined {
    return this.#probes.has(labels.join('.')) ? [address] : this.#names.find(labels);
  }

  /**
   * Checks whether a lookup gets here.
   * @param below what the name is below besides `vm`, such as a user
   * @param lookup finds the address of a name as programs do; nothing if there is none
   */
  async isAsked(
    below: string | undefined,
    lookup: (name: string) => Promise<string | undefined>,
  ): Promise<boolean> {
    const probe = [`banger-${randomBytes(8).toString('hex')}`, ...(below === undefined ? [] : [below])].join(
      '.',
    );
    this.#probes.add(probe);
    try {
      return (await lookup(`${probe}.vm`)) === address;
    } finally {
      this.#probes.delete(probe);
    }
  }
}
