/** What users type, with a configuration of ssh of their own, in a home that ssh takes for theirs. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { type Ended, type ProgramOptions, Running, until } from '../support/program.ts';
import { commitAll, git, makeRepository } from '../support/repository.ts';
import { home, requireVm, testNothingLeft } from './support/one-guest.ts';

const [directory] = home.directories;
const ssh = join(directory, '.ssh');
const config = join(ssh, 'config');
const scratch = join(directory, 'scratch');
mkdirSync(scratch);
after(() => {
  for (const path of [ssh, scratch]) rmSync(path, { recursive: true, force: true });
});

/** ssh knows a user's home from the password database only. In a mount namespace, root's is the tests'. */
const atHome = [
  ...['unshare', ...(process.getuid?.() === 0 ? [] : ['--map-root-user']), '--mount', '--', 'sh', '-euc'],
  'mount --bind "$1" /root; shift; cd /root; exec "$@"',
  ...['sh', directory],
];
const env: NodeJS.ProcessEnv = { ...home.env, HOME: '/root', GIT_CONFIG_NOSYSTEM: '1' };
for (const name of ['SSH_AUTH_SOCK', 'GIT_SSH', 'GIT_SSH_COMMAND']) delete env[name];

/** Runs what a user types. */
function types(argv: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  const [file = '', ...args] = [...atHome, ...argv];
  return new Running(file, args, { env, input: '', ...options }).ended;
}

/** Runs what a user types, which must succeed without a word of ssh's, and gives what it printed. */
async function ok(argv: readonly string[], options?: ProgramOptions): Promise<string> {
  const { status, stdout, stderr } = await types(argv, options);
  assert.equal(status, 0, `${argv.join(' ')}: ${stderr}`);
  assert.doesNotMatch(stderr, /warning|authenticity|known hosts/i, argv.join(' '));
  return stdout.toString();
}

const sshConfig = (...args: string[]) => ok([join(checkout, 'bin/banger'), 'ssh-config', ...args]);

/** As a user's is who has had it for long: other line ends, no last one, bytes that are no UTF-8. */
const handWritten = Buffer.concat([
  Buffer.from('# mine since 1999, \xe9t\xe9\r\n', 'latin1'),
  Buffer.from(
    'Host github.com\r\n\tUser git\r\n\r\nMatch host *.vm exec "true"\n  User nobody\n  Port 1\n\n',
  ),
  Buffer.from('Host inner\n  HostName 127.0.0.1\n  ProxyJump web.vm\n\n'),
  Buffer.from('Host inner direct\n  HostName 127.0.0.1\n  Port 22\n  User root\n'),
  Buffer.from('  IdentityFile ~/.config/banger/ssh/id_ed25519\n  StrictHostKeyChecking no\n'),
  Buffer.from('  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n\n'),
  Buffer.from('Host *\n  HostName 127.0.0.2\n  User nobody\n  ForwardAgent yes\n  ForwardX11 yes\n'),
  Buffer.from('  ProxyCommand false\n  IdentityFile ~/.ssh/none\n  ControlPath ~/.ssh/cm-%C\n#last'),
]);

test('an installed configuration reaches a VM, whatever stands below it', async () => {
  await requireVm();
  mkdirSync(ssh, { mode: 0o700 });
  writeFileSync(config, handWritten, { mode: 0o600 });
  assert.match(await ok(['ssh', '-T', '-G', 'web.vm']), /^hostname 127\.0\.0\.2$/m);
  await sshConfig('--install');
  assert.match(await sshConfig(), /^Installed: yes/m);
  assert.equal(statSync(join(home.paths.state, 'ssh_config')).mode & 0o777, 0o600);

  await ok(['ssh', 'web.vm', 'true']);
  const { id } = await home.show('web');
  assert.equal(await ok(['ssh', `${id}.vm`, 'hostname; id -un']), 'web\nroot\n');
  for (const status of [1, 42, 255]) {
    assert.equal((await types(['ssh', 'web.vm', `exit ${status}`])).status, status);
  }
  assert.equal(await ok(['ssh', 'web.vm'], { input: 'echo "agent:$SSH_AUTH_SOCK."\n' }), 'agent:.\n');
  assert.equal(await ok(['ssh', 'web.vm', 'cat'], { input: 'through\n' }), 'through\n');
});

test('files go both ways by scp, sftp and rsync', async () => {
  const tree = join(scratch, 'tree');
  mkdirSync(join(tree, 'deep er'), { recursive: true });
  writeFileSync(join(tree, 'deep er/file'), Buffer.alloc(300_000, 'x\0\xff'));
  writeFileSync(join(tree, 'run'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('run', join(tree, 'link'));
  const compare = async (name: string) => await ok(['diff', '-r', 'scratch/tree', `scratch/${name}`]);

  await ok(['scp', '-r', '-q', 'scratch/tree', 'web.vm:by-scp']);
  await ok(['scp', '-r', '-q', 'web.vm:by-scp', 'scratch/by-scp']);
  await compare('by-scp');

  const batch = 'put -r scratch/tree by-sftp\nget -r by-sftp scratch/by-sftp\n';
  await ok(['sftp', '-q', '-b', '-', 'web.vm'], { input: batch });
  rmSync(join(tree, 'link'));
  rmSync(join(scratch, 'by-sftp/link'), { force: true });
  await compare('by-sftp');

  symlinkSync('run', join(tree, 'link'));
  await ok(['rsync', '-a', 'scratch/tree/', 'web.vm:by-rsync/']);
  assert.equal(await ok(['ssh', 'web.vm', 'readlink by-rsync/link; stat -c %a by-rsync/run']), 'run\n755\n');
  await ok(['rsync', '-a', 'web.vm:by-rsync/', 'scratch/by-rsync/']);
  await compare('by-rsync');
});

test('git clones from a guest and pushes to it', async (t) => {
  const repository = await makeRepository(t);
  writeFileSync(join(repository, 'file'), 'one\n');
  await commitAll(repository, 'first');
  await git(repository, 'bundle', 'create', '-q', join(scratch, 'bundle'), '--all');
  await ok(['scp', '-q', 'scratch/bundle', 'web.vm:']);
  await ok(['ssh', 'web.vm', 'git clone -q -b main bundle r']);
  await ok(['git', 'clone', '-q', 'ssh://web.vm/root/r', 'scratch/clone']);
  const clone = join(scratch, 'clone');
  await git(clone, 'config', 'user.email', 'me@example.org');
  await git(clone, 'config', 'user.name', 'Me');
  writeFileSync(join(clone, 'file'), 'two\n');
  await commitAll(clone, 'second');
  await ok(['git', '-C', 'scratch/clone', 'push', '-q', 'origin', 'HEAD:refs/heads/from-host']);
  assert.equal(await ok(['ssh', 'web.vm', 'git -C r log --format=%s from-host']), 'second\nfirst\n');
});

test('one connection serves several sessions, and a VM is a way to others', async () => {
  await ok(['ssh', '-f', '-N', '-M', 'web.vm']);
  assert.match((await types(['ssh', '-O', 'check', 'web.vm'])).stderr, /Master running/);
  const over = await ok(['ssh', 'web.vm', 'echo $SSH_CONNECTION']);
  assert.equal(await ok(['ssh', 'web.vm', 'echo $SSH_CONNECTION']), over);
  await ok(['ssh', '-O', 'exit', '-q', 'web.vm']);
  assert.notEqual(await ok(['ssh', 'web.vm', 'echo $SSH_CONNECTION']), over);

  assert.equal(await ok(['ssh', '-J', 'web.vm', 'direct', 'hostname']), 'web\n');
  assert.equal(
    await ok(['ssh', 'inner', 'hostname; echo $SSH_CONNECTION | cut -d" " -f1']),
    'web\n127.0.0.1\n',
  );
});

test('ssh to a stopped VM is refused, and the new host key of a VM created again is accepted', async () => {
  const hostKey = () =>
    readFileSync(join(home.paths.state, 'vms', vm.id, 'known_hosts'), 'utf8').split(' ')[2];
  let vm = await home.show('web');
  const before = hostKey();
  await home.banger('vm', 'stop', 'web');
  const refused = await types(['ssh', 'web.vm', 'true']);
  assert.deepEqual([refused.status, /Connection refused/.test(refused.stderr)], [255, true], refused.stderr);

  await home.banger('vm', 'delete', '--yes', 'web');
  const hosts = () => readFileSync(join(home.paths.state, 'ssh_config'), 'utf8');
  await until('the VM is gone from the file', () => !hosts().includes('Host web'));
  await requireVm();
  vm = await home.show('web');
  assert.notEqual(hostKey(), before);
  const { status, stderr } = await types(['ssh', 'web.vm', 'true']);
  assert.deepEqual([status, stderr], [0, '']);
});

test('uninstall leaves the file as it was, and nothing beside it', async () => {
  await sshConfig('--uninstall');
  assert.ok(readFileSync(config).equals(handWritten));
  assert.equal(statSync(config).mode & 0o7777, 0o600);
  assert.match(await ok(['ssh', '-T', '-G', 'web.vm']), /^hostname 127\.0\.0\.2$/m);
  rmSync(ssh, { recursive: true });
  await sshConfig('--install');
  await ok(['ssh', 'web.vm', 'true']);
  await sshConfig('--uninstall');
  assert.equal(existsSync(ssh), false);
});

testNothingLeft();
