import type { Outcome } from '../../../src/common/exec.ts';
import type { GuestShell, GuestShells, ShellOptions } from '../../../src/guest/shell.ts';

/** Takes commands for guests, with all of their input, and runs none of them. */
export class FakeShells implements Pick<GuestShells, keyof GuestShells> {
  /** What comes of a command; of none that fails where absent. */
  onExecute: (
    argv: readonly string[],
    options: ShellOptions,
  ) => Promise<Partial<Outcome>> | Partial<Outcome> = () => ({});
  /** The commands so far, each with the id of its VM. */
  readonly commands: { id: string; argv: readonly string[] }[] = [];

  shellOf(id: string): GuestShell {
    return {
      execute: async (argv, options) => {
        this.commands.push({ id, argv });
        const { input } = options;
        if (typeof input === 'object' && 'resume' in input) for await (const _ of input);
        return { status: 0, stdout: '', stderr: '', ...(await this.onExecute(argv, options)) };
      },
    };
  }

  close(): void {}

  closeAll(): void {}
}
