import assert from 'node:assert/strict';
import { readSuperblock } from '../../../src/disk/ext4.ts';
import type { OperationKind } from '../../../src/vm/operation/table.ts';
import { until } from '../program.ts';
import { bystander, createArguments, guestPath, type Victims, victim } from './victim.ts';

/** A point at which a daemon is killed. */
export interface Point {
  procedure: string;
  step: string;
  when: 'before' | 'during' | 'after';
  /** Whether the step is the first of its procedure. */
  isFirst: boolean;
}

/** What a daemon does when it is killed, and what must have come of it when the next one has settled. */
export interface Scenario {
  /** In which state of the VM, where there are several. */
  state?: string;
  /** The steps that tell how far they are, and so can be cut short in their middle. */
  long?: readonly string[];
  /** Whether its procedure is that of another kind of job, too. */
  repeats?: true;
  /** Which points it has; all of them where absent. */
  has?: (point: Point) => boolean;
  ready(vms: Victims): Promise<unknown>;
  act(vms: Victims): Promise<unknown>;
  /**
   * @param next the point of the next case of the scenario, which does the same once more
   * @returns in words what came of it. @throws AssertionError for what must not be
   */
  outcome(vms: Victims, point: Point, next: Point | undefined): Promise<string>;
}

/** Whether the daemon was killed before anything was done. */
const isUntouched = ({ isFirst, when }: Point) => isFirst && when === 'before';

async function assertStopped(vms: Victims): Promise<string> {
  const { state } = await vms.now();
  assert.equal(state, 'stopped');
  return 'finished: stopped';
}

async function assertStartUndone(vms: Victims): Promise<string> {
  const { state, last_error: error } = await vms.shown();
  assert.equal(state, 'failed');
  assert.match(String(error), /bangerd ended while it was starting/);
  return 'undone: stopped, and told why';
}

/** The VMM that runs, so that a case sees whether it is still the same one. */
const vmms = new WeakMap<Victims, number>();
async function rememberVmm(vms: Victims): Promise<void> {
  const { id } = await vms.running();
  vmms.set(vms, vms.home.vmm(id));
}
async function assertAdopted(vms: Victims): Promise<void> {
  const { id, state } = await vms.now();
  assert.equal(state, 'running');
  assert.equal(vms.home.vmm(id), vmms.get(vms), 'another VMM runs');
}

async function assertGrown(vms: Victims, before: number): Promise<string> {
  const { id, state, disk_size: size } = await vms.shown();
  if (size === before) return 'nothing begun';
  assert.equal(size, vms.diskBytes);
  await until('the file systems have grown', async () => {
    if (state === 'running') {
      const told = await vms.script('df -P -k / /root | tail -n +2');
      const [system = 0, work = 0] = told.split('\n').map((line) => Number(line.split(/\s+/)[1]) * 1024);
      return work > vms.diskBytes * 0.8 && system > vms.diskBytes * 0.8;
    }
    const superblock = await readSuperblock(vms.disk(String(id), 'work.ext4'));
    return superblock?.bytes === vms.diskBytes;
  });
  // A set that is being finished has the VM.
  await until('the set has ended', async () => (await vms.home.try('daemon', 'stop')).status === 0);
  return 'finished: grown';
}

const set = (state: 'stopped' | 'running', more: Pick<Scenario, 'repeats'> = {}): Scenario => {
  let before = 0;
  let nat = true;
  return {
    state,
    ...more,
    async ready(vms) {
      if (state === 'stopped') await vms.stopped();
      else await rememberVmm(vms);
      const shown = await vms.shown();
      before = Number(shown.disk_size);
      nat = shown.nat === true;
    },
    act: (vms) =>
      vms.home.try('vm', 'set', victim, '--disk-size', vms.largerDisk(), nat ? '--no-nat' : '--nat'),
    async outcome(vms, point) {
      if (state === 'running') await assertAdopted(vms);
      const found = await assertGrown(vms, before);
      assert.equal(found === 'nothing begun', isUntouched(point), found);
      assert.equal((await vms.shown()).nat, isUntouched(point) ? nat : !nat);
      return state === 'running' ? `adopted; ${found}` : found;
    },
  };
};

/** Each case needs another VM, of which nothing is looked at later: its user has written nothing. */
const remove = (state: 'stopped' | 'running', more: Pick<Scenario, 'has' | 'repeats'> = {}): Scenario => ({
  state,
  ...more,
  ready: (vms) => vms.created(state),
  act: (vms) => vms.home.try('vm', 'delete', '--force', '--yes', victim),
  async outcome(vms) {
    await until('it is gone', async () => (await vms.home.find(victim)) === undefined);
    return 'finished: gone';
  },
});

const nextTry = 'undone; the next case tries again';

const isPulled = ({ step, when }: Point) =>
  (step.endsWith('-place') && when === 'after') || step.endsWith('-record');

const pull = (kind: 'image' | 'kernel', name: string): Scenario => ({
  long: ['kernel-download', 'image-bootstrap'],
  async ready({ home }) {
    if ((await home.pulled(kind)).includes(name))
      await home.banger(kind, kind === 'image' ? 'delete' : 'rm', name);
    if (kind === 'image') await home.banger('kernel', 'pull', 'debian-bookworm');
  },
  act: ({ home }) => home.try(kind, 'pull', name),
  async outcome({ home }, point, next) {
    const isPlaced = isPulled(point);
    assert.equal((await home.pulled(kind)).includes(name), isPlaced);
    if (isPlaced) return 'finished: recorded';
    if (next && !isPulled(next)) return nextTry;
    await home.banger(kind, 'pull', name);
    return 'undone; the next try works';
  },
});

const isPrepared = ({ step, when }: Point) =>
  (step === 'workspace-finish' && when === 'after') || step === 'workspace-tools';

/** For each kind of job that has steps, what is done: a new kind of job needs one. */
export const scenarios: Readonly<Record<OperationKind, readonly Scenario[]>> = {
  'pull-kernel': [pull('kernel', 'debian-bookworm')],
  'pull-image': [pull('image', 'tiny')],
  create: [
    {
      ready: (vms) => vms.absent(),
      act: ({ home }) => home.try(...createArguments),
      async outcome({ home }) {
        await until('it is undone', async () => (await home.find(victim)) === undefined);
        return 'undone: nothing is left';
      },
    },
  ],
  start: [
    {
      ready: (vms) => vms.stopped(),
      act: ({ home }) => home.try('vm', 'start', victim),
      outcome: assertStartUndone,
    },
  ],
  stop: [
    {
      ready: (vms) => vms.running(),
      act: ({ home }) => home.try('vm', 'stop', victim),
      outcome: assertStopped,
    },
  ],
  restart: [
    {
      repeats: true,
      has: ({ procedure }) => procedure === 'stop',
      ready: (vms) => vms.running(),
      act: ({ home }) => home.try('vm', 'restart', victim),
      outcome: assertStopped,
    },
    {
      // The same steps as of a running VM, without a boot for each.
      state: 'stopped',
      repeats: true,
      has: ({ procedure }) => procedure === 'start',
      ready: (vms) => vms.stopped(),
      act: ({ home }) => home.try('vm', 'restart', victim),
      outcome: assertStartUndone,
    },
  ],
  reboot: [
    {
      repeats: true,
      // Its steps are those of a start, and each case needs a guest that runs.
      has: ({ step }) => ['files', 'launch', 'boot'].includes(step),
      ready: (vms) => vms.running(),
      act: ({ home }) => home.try('vm', 'exec', victim, '--', 'sh', '-c', 'sync; reboot -f'),
      outcome: assertStartUndone,
    },
  ],
  kill: [
    {
      ready: rememberVmm,
      act: ({ home }) => home.try('vm', 'kill', victim),
      async outcome(vms, point) {
        if (isUntouched(point)) {
          await assertAdopted(vms);
          return 'adopted; nothing begun';
        }
        const { state, last_error: error } = await vms.shown();
        if (state === 'stopped') return 'finished: stopped';
        // Where ends are known, as those of units, it is one by a signal, and nobody is left who knows whose it was.
        assert.equal(state, 'failed');
        assert.match(String(error), /KILL/);
        return 'ended, and told by which signal';
      },
    },
  ],
  set: [set('stopped', { repeats: true }), set('running')],
  workspace: [
    {
      long: ['workspace-copy'],
      ready: rememberVmm,
      act: (vms) => vms.prepare(),
      async outcome(vms, point, next) {
        await assertAdopted(vms);
        const isPlaced = isPrepared(point);
        let left = '';
        await until('nothing half made is in the guest', async () => {
          left = await vms.script('ls -A /root');
          return !left.includes('.banger.');
        });
        assert.equal(left.split('\n').includes('repo'), isPlaced);
        if (!isPlaced && next && !isPrepared(next)) return nextTry;
        if (!isPlaced) assert.ok(await vms.prepare(), 'the second try failed');
        assert.equal(
          await vms.script(`cat ${guestPath}/file; ls ${guestPath}/.git/index; rm -r ${guestPath}`),
          `text\n${guestPath}/.git/index`,
        );
        return isPlaced ? 'adopted; whole in the guest' : 'adopted; undone; the next try works';
      },
    },
  ],
  delete: [remove('stopped'), remove('running', { repeats: true, has: ({ step }) => step === 'force' })],
};

/** VMs that must be there whatever was done. */
export const untouched = [bystander];
