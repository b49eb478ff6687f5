import { Deadline, untilAborted } from '../../../src/common/abort.ts';
import { BangerError } from '../../../src/common/errors.ts';
import type { Outcome } from '../../../src/common/exec.ts';
import type { GuestShell, GuestShells, ShellOptions } from '../../../src/guest/shell.ts';

/** Takes commands for guests, with all of their input, and runs none of them. Gives them up as the real shells do. */
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
        using deadline = new Deadline(options.timeoutMs, options.signal);
        try {
          return await untilAborted(this.#run(argv, options), deadline.signal);
        } catch (error) {
          const seconds = options.timeoutMs / 1000;
          if (!deadline.passed) throw error;
          throw new BangerError('Timeout', `the guest did not end a command within ${seconds} s`);
        }
      },
    };
  }

  close(): void {}

  closeAll(): void {}

  async #run(argv: readonly string[], options: ShellOptions): Promise<Outcome> {
    const { input } = options;
    if (typeof input === 'object' && 'resume' in input) for await (const _ of input);
    return { status: 0, stdout: '', stderr: '', ...(await this.onExecute(argv, options)) };
  }
}
