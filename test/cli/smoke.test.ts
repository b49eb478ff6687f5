/**
 * Every command once as a process of its own, by its launcher, against a real daemon: what it prints, where, and its
 * status. All else of commands is shown in the test's process (test/support/in-process/cli.ts).
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { inHome } from '../bad-input/support.ts';
import { makeArtifacts } from '../support/artifacts.ts';
import { checkout } from '../support/guest-home.ts';
import { runProgram } from '../support/program.ts';

/** What a command does in a home with an image, a kernel and a stopped VM `web`; no guest would boot there. */
interface Smoke {
  args?: readonly string[];
  status?: number;
  /** Of standard output; nothing is printed where absent. */
  stdout?: RegExp;
  /** Of standard error; nothing is said where absent. */
  stderr?: RegExp;
}

const notRunning = /^banger: web is stopped, not running; start it with `banger vm start web`\n$/;
const noImage = /^banger: no image "nope" and no recipe of that name; /;
const noKernel = /^banger: no kernel "nope"; /;

/** In the order in which they run: `vm create` makes the VM, `vm delete` removes it, `daemon stop` comes last. */
const smokes: Readonly<Record<string, Smoke>> = {
  'vm create': { args: ['--no-start', '--name=web'], stdout: /^web\n$/, stderr: /^spec: .*\nstage image\n/ },
  'vm run': { args: ['--vcpu=65', '--', 'true'], status: 2, stderr: /^banger: vcpus 65 is out of range; / },
  'vm start': { args: ['nope'], status: 1, stderr: /^banger: no VM "nope"; / },
  'vm stop': { args: ['web'], stdout: /^web stopped\n$/ },
  'vm restart': { args: ['nope'], status: 1, stderr: /^banger: no VM "nope"; / },
  'vm kill': { args: ['web'], status: 1, stderr: /^banger: web is stopped: it has no VMM/ },
  'vm set': { args: ['web', '--vcpu', '3'], stdout: /^web set\n$/, stderr: /^stage record\n/ },
  'vm list': { stdout: /^NAME .*\nweb +stopped / },
  'vm show': { args: ['web'], stdout: /^Name: +web\n(.*\n)*vCPUs: +3\n/ },
  'vm logs': { args: ['web'], status: 1, stderr: /^banger: web / },
  'vm ports': { args: ['web'], status: 1, stderr: notRunning },
  'vm stats': { args: ['web'], stdout: /^NAME .*\nweb +stopped / },
  'vm ssh': { args: ['web'], status: 125, stderr: notRunning },
  'vm exec': { args: ['web', '--', 'true'], status: 125, stderr: notRunning },
  'vm cp': { args: ['web:/etc/hostname', '.'], status: 1, stderr: notRunning },
  'vm delete': { args: ['web'], stdout: /^web deleted\n$/ },
  'image list': { stdout: /^NAME .*\ndebian-bookworm / },
  'image show': { args: ['debian-bookworm'], stdout: /^Name: +debian-bookworm\n/ },
  'image pull': { args: ['nope'], status: 1, stderr: noImage },
  'image delete': { args: ['nope'], status: 1, stderr: noImage },
  'kernel list': { stdout: /^NAME .*\nfake / },
  'kernel show': { args: ['fake'], stdout: /^Name: +fake\n/ },
  'kernel pull': { args: ['nope'], status: 1, stderr: noKernel },
  'kernel rm': { args: ['nope'], status: 1, stderr: noKernel },
  'ssh-config': { stdout: /^File: +.*\/ssh_config\n/, stderr: /^(note: .*\n)*$/ },
  doctor: { args: ['--json'], stdout: /^\[\n {2}\{\n {4}"check": / },
  'config show': { stdout: /^KEY +VALUE +FROM\nlog_level +info / },
  'config path': { stdout: /^\/.*\/config\.toml\n$/ },
  'config check': { stdout: /^ok: .* is not there, which is fine\n$/ },
  'bench create': { args: ['--image', 'nope'], status: 1, stderr: noImage },
  completion: { args: ['bash'], stdout: /^# bash completion for banger\n/ },
  version: { stdout: /^banger \d+\.\d+\.\d+\n$/ },
  'daemon status': { stdout: /^Started: .*\nPID: +\d+\n/ },
  'daemon socket': { stdout: /^\/.*\/bangerd\.sock\n$/ },
  'daemon logs': { stdout: /^\d{4}-\d\d-\d\d .* INFO / },
  'daemon stop': { stdout: /^bangerd stopped\n$/ },
};

test('every command has its smoke test', () => {
  assert.deepEqual(Object.keys(smokes).sort(), commands.map(({ path }) => path.join(' ')).sort());
});

test('every command runs as a process', () =>
  inHome(async (home) => {
    makeArtifacts(home);
    for (const [words, { args = [], status = 0, stdout = /^$/, stderr = /^$/ }] of Object.entries(smokes)) {
      const file = join(checkout, 'bin/banger');
      const ended = await runProgram(file, [...words.split(' '), ...args], { env: home.env, cwd: home.home });
      assert.match(ended.stderr, stderr, words);
      assert.match(ended.stdout.toString('utf8'), stdout, words);
      // That a check of this machine fails is not of the command.
      if (words !== 'doctor') assert.equal(ended.status, status, words);
    }
  }));
