import { Client } from '../../client/client.ts';
import { printable } from '../../common/text.ts';
import { result } from '../output/report.ts';
import { type Candidate, offerFor } from './candidates.ts';

/** Whoever presses Tab is not kept waiting by a daemon that hangs. */
const patienceMs = 800;
/** What no shell makes anything of but a word. */
const safeName = /^[A-Za-z0-9][\w.:/@+-]*$/;

/**
 * Does what the scripts for shells call, `banger __complete =CURRENT BEFORE…`: prints a candidate on each line,
 * with a tab and what it is, and `:files` or `:directories` where the shell is to offer those. The `=` is there
 * because not every shell passes on an empty word. Nothing that goes wrong is told: there is nobody to read it.
 * @param words without the word `__complete`
 */
export async function complete([current = '', ...before]: readonly string[]): Promise<number> {
  try {
    const { candidates, files } = await offerFor(before, current.slice(1), liveNames);
    const lines = candidates.map(([value, about]) => `${value}\t${printable(about)}\n`);
    result(lines.join('') + (files ? `:${files}\n` : ''));
  } catch {
    // As the comment above says.
  }
  return 0;
}

/** The names that a running daemon tells; none if none runs, and none is started. */
async function liveNames(kind: 'vm' | 'image' | 'kernel'): Promise<readonly Candidate[]> {
  const late = new Promise<readonly Candidate[]>((resolve) => setTimeout(resolve, patienceMs, []).unref());
  const names = await Promise.race([askForNames(kind).catch(() => []), late]);
  return names.filter(([name]) => safeName.test(name));
}

async function askForNames(kind: 'vm' | 'image' | 'kernel'): Promise<Candidate[]> {
  using client = await Client.connect({ start: false });
  const manager = client.managerWith({ noAutoStart: true, timeoutMs: patienceMs });
  if (kind === 'vm') {
    const vms = await manager.call('ListVMs');
    return vms.map(([, name, , state, image]) => [name, `${state}, ${image}`]);
  }
  if (kind === 'image')
    return (await manager.call('ListImages')).map(([, name, , kernel]) => [name, `kernel ${kernel}`]);
  return (await manager.call('ListKernels')).map(([, name, , release]) => [name, release]);
}
