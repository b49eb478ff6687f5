import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { after, test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { type PrivateHome, withPrivateHome } from '../support/home.ts';
import { withoutPrograms } from '../support/namespace.ts';
import { type Ended, runProgram } from '../support/program.ts';
import { stagedInstallation } from '../support/stage.ts';
import { temporaryDirectory } from '../support/temporary.ts';

type Script = 'install.sh' | 'uninstall.sh';

interface ScriptOptions {
  variables?: NodeJS.ProcessEnv;
  /** By what the script is started, as on a host without some programs. */
  prefix?: readonly string[];
  /** What it installs from; what has links for large files where absent. */
  stage?: string;
}

/** Runs a script of `make install` for a home. */
async function runScript(
  { env }: PrivateHome,
  script: Script,
  { variables = {}, prefix = [], stage = light }: ScriptOptions = {},
): Promise<Ended> {
  const [file = '', ...args] = [...prefix, join(stage, script)];
  return runProgram(file, args, { env: { ...env, ...variables } });
}

/** The files that are most of an installation. */
const large = ['lib/node', 'lib/node_modules/@jdxcode/mise-linux-x64/bin/mise'];

/** Makes a stage in which links stand for what is large: it takes long to copy, and nothing of it runs. */
async function makeLight(directory: string): Promise<string> {
  const whole = await stagedInstallation();
  const copied = await runProgram('cp', ['--recursive', '--link', whole, directory]);
  assert.equal(copied.status, 0, copied.stderr);
  const copy = join(directory, basename(whole));
  for (const file of large) {
    rmSync(join(copy, file));
    symlinkSync(join(whole, file), join(copy, file));
  }
  return copy;
}

// Links do not lead to another file system.
const stages = mkdtempSync(join(checkout, 'build/test/light-'));
after(() => rmSync(stages, { recursive: true }));
const light = await makeLight(stages);

function filesOf(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter((name) => !lstatSync(join(home, name)).isDirectory())
    .sort();
}

test('without systemd an installation works on a private bus, and is taken away whole', async (t) => {
  const without = withoutPrograms(temporaryDirectory(t), 'systemctl', 'busctl');
  await withPrivateHome(async (home) => {
    const whole = { prefix: without, stage: await stagedInstallation() };
    const installed = await runScript(home, 'install.sh', whole);
    assert.equal(installed.status, 0, installed.stderr);
    assert.match(installed.stdout.toString(), /\/\.local\/bin is not in your PATH/);
    const banger = join(home.home, '.local/bin/banger');
    const listed = await runProgram(banger, ['vm', 'list', '--json'], { env: home.env });
    assert.deepEqual([listed.status, listed.stdout.toString()], [0, '[]\n'], listed.stderr);
    const page = await runProgram('man', ['--where', 'banger-vm-run'], {
      env: { ...home.env, MANPATH: join(home.home, '.local/share/man') },
    });
    assert.match(page.stdout.toString(), /\/share\/man\/man1\/banger-vm-run\.1$/m, page.stderr);
    // A key that is unknown is told by the part of the client that is loaded late.
    mkdirSync(join(home.home, '.config/banger'), { recursive: true, mode: 0o700 });
    writeFileSync(join(home.home, '.config/banger/config.toml'), 'malformed = 1\n', { mode: 0o600 });
    const checked = await runProgram(banger, ['config', 'check'], { env: home.env });
    assert.match(checked.stdout.toString(), /malformed/);
    assert.notEqual(checked.status, 0);

    const removed = await runScript(home, 'uninstall.sh', whole);
    assert.equal(removed.status, 0, removed.stderr);
    assert.match(removed.stdout.toString(), /its data stays:\n {2}\/.*\/state\/banger\n/);
    const data = /^\.(local\/state|config|cache)\/banger\//;
    assert.deepEqual(
      filesOf(home.home).filter((name) => !data.test(name)),
      [],
    );
    assert.deepEqual(readdirSync(join(home.home, '.local')), ['state']);
  });
});

test('where no manager runs the socket is enabled for the next one, and disabled again', async () => {
  await withPrivateHome(async (home) => {
    const wanted = join(home.home, '.config/systemd/user/sockets.target.wants/bangerd.socket');
    const unit = join(home.home, '.local/share/systemd/user/bangerd.socket');
    assert.equal((await runScript(home, 'install.sh')).status, 0);
    assert.equal(readlinkSync(wanted), unit);
    assert.equal((await runScript(home, 'uninstall.sh')).status, 0);
    assert.equal(lstatSync(wanted, { throwIfNoEntry: false }), undefined);
  });
});

test('what an installer left that was killed is gone after the next', async () => {
  await withPrivateHome(async (home) => {
    const versions = join(home.home, '.local/lib/banger');
    mkdirSync(join(versions, '.new.4321'), { recursive: true });
    assert.equal((await runScript(home, 'install.sh')).status, 0);
    const [version = '', ...others] = readdirSync(versions).filter((name) => name !== '.lock');
    assert.deepEqual(others, []);
    const link = readlinkSync(join(home.home, '.local/bin/banger'));
    assert.equal(relative('../lib/banger', link), `${version}/bin/banger`);
    assert.equal((await runScript(home, 'uninstall.sh')).status, 0);
  });
});

test('what cannot be done is refused before anything is changed', async () => {
  await withPrivateHome(async (home) => {
    const cases: [script: Script, variables: NodeJS.ProcessEnv, why: RegExp][] = [
      ['install.sh', { PREFIX: 'there' }, /must be an absolute path, not there$/],
      ['install.sh', { PREFIX: "/there's" }, /it may have no quotes/],
      ['install.sh', { PREFIX: '/a\nb' }, /it may have no quotes/],
      ['install.sh', {}, /\/\.local\/bin\/banger is not of an installation; move it away/],
      ['uninstall.sh', {}, /banger is not installed in .*\/\.local$/],
    ];
    mkdirSync(join(home.home, '.local/bin'), { recursive: true });
    writeFileSync(join(home.home, '.local/bin/banger'), 'a program of somebody else');
    for (const [script, variables, why] of cases) {
      const { status, stdout, stderr } = await runScript(home, script, { variables });
      assert.equal(status, 1);
      assert.equal(stdout.toString(), '');
      assert.match(stderr.trimEnd(), why);
    }
    assert.deepEqual(filesOf(home.home), ['.local/bin/banger']);
  });
});

/** How an environment or a PREFIX leads root to what another user may change, as by `sudo -E`; gives the variables. */
const foreign: Readonly<Record<string, (home: PrivateHome, theirs: string) => NodeJS.ProcessEnv>> = {
  'HOME of another user': (_, theirs) => ({ HOME: theirs }),
  'PREFIX in the home of another user': (_, theirs) => ({ PREFIX: join(theirs, 'local') }),
  'PREFIX by a link in the home of another user': ({ home }, theirs) => {
    symlinkSync(home, join(theirs, 'link'));
    return { PREFIX: join(theirs, 'link/local') };
  },
  'XDG_DATA_HOME of another user': (_, theirs) => ({ XDG_DATA_HOME: theirs }),
  'XDG_CONFIG_HOME of another user': (_, theirs) => ({ XDG_CONFIG_HOME: theirs }),
  'XDG_RUNTIME_DIR of another user': (_, theirs) => ({ XDG_RUNTIME_DIR: theirs }),
  'a link to a directory of another user': ({ home }, theirs) => {
    mkdirSync(join(home, '.local'));
    symlinkSync(theirs, join(home, '.local/share'));
    return {};
  },
  'a directory that all can change': ({ home }) => {
    mkdirSync(join(home, 'open'));
    chmodSync(join(home, 'open'), 0o777);
    return { PREFIX: join(home, 'open/local') };
  },
};

for (const [what, prepare] of Object.entries(foreign)) {
  test(`${what} is refused by install and uninstall, which touch and run nothing there`, async (t) => {
    assert.equal(process.geteuid?.(), 0, 'giving files away takes root: run `sudo make test`');
    const theirs = temporaryDirectory(t);
    const ran = join(theirs, 'ran');
    for (const prefix of [theirs, join(theirs, '.local'), join(theirs, 'local')]) {
      mkdirSync(join(prefix, 'bin'), { recursive: true });
      writeFileSync(join(prefix, 'program'), `#!/bin/sh\n: >${ran}\n`, { mode: 0o755 });
      symlinkSync('../program', join(prefix, 'bin/banger'));
    }
    chownSync(theirs, 54_321, 54_321);
    await withPrivateHome(async (home) => {
      const variables = prepare(home, theirs);
      const before = [filesOf(theirs), filesOf(home.home)];
      for (const script of ['install.sh', 'uninstall.sh'] as const) {
        const { status, stdout, stderr } = await runScript(home, script, { variables });
        assert.deepEqual([status, stdout.toString()], [1, ''], stderr);
        assert.match(
          stderr,
          /(belongs to another user; run this as that user|can be changed by all users; run)/,
        );
      }
      assert.deepEqual([filesOf(theirs), filesOf(home.home)], before);
    });
  });
}

test('root connects to no bus that the environment names', async (t) => {
  assert.equal(process.geteuid?.(), 0, 'run `sudo make test`');
  const program = join(temporaryDirectory(t), 'run-as-root');
  writeFileSync(program, `#!/bin/sh\n: >"$0-ran"\n`, { mode: 0o755 });
  await withPrivateHome(async (home) => {
    const variables = { DBUS_SESSION_BUS_ADDRESS: `unixexec:path=${program}` };
    assert.equal((await runScript(home, 'install.sh', { variables })).status, 0);
    assert.equal((await runScript(home, 'uninstall.sh', { variables })).status, 0);
    assert.equal(existsSync(`${program}-ran`), false);
  });
});
