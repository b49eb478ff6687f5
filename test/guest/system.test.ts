/** What a guest is: a whole system with Docker, ssh that cannot be lost, and the tools that were promised. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenersOn } from '../support/guest-leftovers.ts';
import { until } from '../support/program.ts';
import { home, requireVm, testNothingLeft, vm } from './support/one-guest.ts';
import { openSession } from './support/session.ts';

test('the system is running, with nothing failed, and keeps a journal', async () => {
  await requireVm();
  await home.systemIsRunning(vm);
  assert.equal(await home.script(vm, 'systemctl --failed --no-legend --plain'), '');
  await home.script(vm, 'logger --tag banger-test "heard of it"');
  assert.equal(await home.script(vm, 'journalctl --sync; journalctl -t banger-test -o cat'), 'heard of it');
  assert.match(await home.script(vm, 'systemctl list-timers --all --no-legend'), /systemd-tmpfiles-clean/);
});

test('a file of the user’s takes the place of the image’s own, and the DNS server is slirp’s', async () => {
  assert.equal(await home.script(vm, 'cat /root/.profile'), '# of the host');
  assert.equal(await home.script(vm, "sed -n 's/^nameserver //p' /etc/resolv.conf"), '10.0.2.3');
});

test('every figure of the guest is reported', async () => {
  const stats = async () => (await home.read('vm', 'stats', vm))[0];
  // How much of a CPU is in use takes two looks.
  await until('the CPU is known', async () => (await stats()).cpu !== null);
  const unknown = Object.entries(await stats()).filter(([, value]) => value === null);
  assert.deepEqual(unknown, []);
});

test('a user finds the tools and the name of the VM', async () => {
  assert.equal(await home.script(vm, 'echo "$BANGER_VM"; hostname'), `${vm}\n${vm}`);
  for (const program of ['git', 'jq', 'tmux', 'make', 'docker', 'curl', 'mise']) {
    assert.match(await home.script(vm, `command -v ${program}`), new RegExp(`^/.*/${program}$`));
  }
  assert.equal(await home.script(vm, `echo '{"a":[1,2]}' | jq -c .a`), '[1,2]');
  assert.equal(
    await home.script(vm, "tmux new-session -d -s t 'sleep 60'; tmux ls -F '#S'; tmux kill-server"),
    't',
  );
  const plain = await home.guest(vm, 'mise', '--version');
  assert.match(plain, /\d{4}\.\d+\.\d+/);
  assert.equal(await home.guest(vm, 'bash', '-lc', 'mise --version'), plain);
  // An interactive shell has mise active, which is a function there.
  assert.match(await home.guest(vm, 'bash', '-ic', 'type -t mise'), /^function$/m);
});

test('sessions and services may have as many files and watches as on a machine of a developer', async () => {
  const limits = 'ulimit -Hn; ulimit -Sn; cat /proc/sys/fs/inotify/max_user_watches';
  const [sessions, services] = await Promise.all([
    home.script(vm, limits),
    home.script(vm, `systemd-run --quiet --pipe --wait sh -c '${limits}'`),
  ]);
  assert.equal(sessions, '524288\n1024\n524288');
  assert.equal(services, sessions);
});

test('the terminals of today are known, and no language of the host comes along', async () => {
  for (const terminal of ['xterm-kitty', 'alacritty', 'foot', 'xterm-ghostty', 'wezterm', 'xterm-256color']) {
    assert.equal(await home.script(vm, `TERM=${terminal} tput colors`), '256', terminal);
  }
  assert.match(await home.script(vm, '/usr/sbin/sshd -T'), /^acceptenv BANGER_ENV_\*\nacceptenv SHLVL$/m);
  assert.doesNotMatch(await home.script(vm, '/usr/sbin/sshd -T'), /^acceptenv LC_/m);
});

test('Docker starts on its first use and runs containers', async () => {
  assert.equal(await home.script(vm, 'systemctl is-active docker.service || true'), 'inactive');
  const printed = await home.script(
    vm,
    `mkdir -p /tmp/image/bin /tmp/image/tmp; cp /run/banger/busybox /tmp/image/bin/; ln -s busybox /tmp/image/bin/sh
     tar -C /tmp/image -c . | docker import - tiny >/dev/null
     docker run --rm --env WHO=container --volume /root:/mine tiny /bin/sh -c \
       'echo "$WHO $(busybox cat /proc/1/comm)"; busybox touch /mine/from-container; exit 9' || echo "status $?"
     ls /root/from-container
     docker info --format '{{.Driver}} {{.CgroupVersion}}'; docker compose version --short`,
  );
  const [line, status, file, driver, compose] = printed.split('\n');
  assert.equal(line, 'container sh');
  assert.deepEqual([status, file, driver], ['status 9', '/root/from-container', 'overlay2 2']);
  assert.match(compose ?? '', /^\d+\.\d+/);
});

test('systemctl restart ssh leaves open sessions alone and lets new ones in', async () => {
  const session = await openSession(home, vm);
  const listener = await home.script(vm, 'cat /run/sshd.pid');
  await home.script(vm, 'systemctl restart ssh');
  assert.notEqual(await home.script(vm, 'cat /run/sshd.pid'), listener, 'it was not restarted');
  assert.equal(await home.script(vm, 'systemctl is-active ssh'), 'active');
  await session.goesOn();
});

test('a killed sshd comes back, and open sessions live on', async () => {
  const session = await openSession(home, vm);
  const killed = await home.script(vm, 'read -r pid </run/sshd.pid; kill -9 "$pid"; echo "$pid"');
  await until('ssh is back', async () => {
    const { status, stdout } = await home.run(['vm', 'exec', vm, '--', 'cat', '/run/sshd.pid']);
    return status === 0 && stdout.toString().trim() !== killed;
  });
  await session.goesOn();
  assert.equal(await home.script(vm, 'systemctl is-active ssh'), 'active');
  assert.equal(await home.script(vm, 'systemctl is-system-running'), 'running');
});

test('keys are the only way in', async () => {
  const settings = await home.script(vm, '/usr/sbin/sshd -T | sort');
  for (const setting of [
    'permitrootlogin without-password',
    'passwordauthentication no',
    'kbdinteractiveauthentication no',
    'strictmodes yes',
  ]) {
    assert.ok(settings.split('\n').includes(setting), `${setting}: ${settings}`);
  }
});

test('a guest that powers itself off is a stopped VM', async () => {
  const { id, address } = await home.show(vm);
  assert.notDeepEqual(
    listenersOn(address),
    [],
    'ssh of a running VM is not found where it is looked for below',
  );
  await home.run(['vm', 'exec', vm, '--', 'systemctl', 'poweroff']);
  await until('it is stopped', async () => (await home.list())[0]?.state === 'stopped', 60_000);
  const refused = await home.run(['vm', 'exec', vm, '--', 'true']);
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /is stopped, not running/);
  assert.deepEqual(
    listenersOn(address).filter((mark) => mark.startsWith(`banger-vm-${id}:`)),
    [],
  );
});

testNothingLeft();
