import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { buildDouble, readRecord, writeDouble } from '../../support/firecracker/launcher.ts';
import { runProgram, until } from '../../support/program.ts';

/** The part of the double that needs no guest; test/guest/firecracker.test.ts has the rest. */
describe('the double of Firecracker', () => {
  const double = buildDouble();
  const directory = mkdtempSync('/tmp/bd-');
  const [socket, record] = [join(directory, 'api.sock'), join(directory, 'record')];
  let running: ChildProcess;
  before(async () => {
    for (const file of ['kernel', 'disk']) writeFileSync(join(directory, file), '');
    const program = writeDouble(directory, { version: '1.13.2', record });
    running = spawn(program, ['--api-sock', socket, '--id', 'a-1', '--level', 'Warning'], {
      stdio: 'ignore',
    });
    await until('it listens', () => existsSync(socket));
  });
  after(async () => {
    running.kill('SIGTERM');
    if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
    rmSync(directory, { recursive: true });
  });

  async function ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; answer: string }> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const sent = request({ socketPath: socket, method, path, headers: { 'Content-Length': payload.length } });
    sent.end(payload);
    const [response] = await once(sent, 'response');
    return { status: response.statusCode, answer: await text(response) };
  }

  test('has the command line of Firecracker', async () => {
    const version = await runProgram(double, ['--version', '--level', 'Warning']);
    assert.deepEqual([version.status, version.stdout.toString()], [0, 'Firecracker v1.16.1\n\n']);
    assert.equal((await runProgram(double, ['--api-socket', '/tmp/s'])).status, 153);
    assert.equal((await runProgram(double, ['--id', 'a_b'])).status, 153);
    const again = await runProgram(double, ['--api-sock', socket]);
    assert.deepEqual(
      [again.status, again.stderr],
      [1, `Error: RunWithApi(FailedToBindSocket("${socket}"))\n`],
    );
  });

  test('takes what its version takes, in the order in which it may come', async () => {
    const drive = { drive_id: 'a', path_on_host: join(directory, 'disk'), is_root_device: false };
    const kernel = join(directory, 'kernel');
    const talk: [method: string, path: string, body: unknown, status: number, answer: RegExp][] = [
      ['GET', '/', undefined, 200, /"id":"a-1","state":"Not started","vmm_version":"1.13.2"/],
      ['PUT', '/actions', { action_type: 'InstanceStart' }, 400, /without kernel configuration/],
      ['PUT', '/actions', { action_type: 'SendCtrlAltDel' }, 400, /not supported before starting/],
      ['PUT', '/boot-source', { kernel_image_path: '/absent' }, 400, /cannot be opened: ENOENT/],
      ['PUT', '/boot-source', { kernel_image_path: kernel }, 204, /^$/],
      ['PUT', '/boot-source', { kernel_path: kernel }, 400, /additional properties \(kernel_path\)/],
      ['PUT', '/machine-config', { vcpu_count: 2, mem_size_mib: 256 }, 204, /^$/],
      ['GET', '/machine-config', undefined, 200, /"vcpu_count":2/],
      ['PUT', '/drives/a', { ...drive, is_read_only: false }, 400, /Writeback/],
      ['PUT', '/drives/a', { ...drive, is_read_only: false, cache_type: 'Writeback' }, 204, /^$/],
      ['PATCH', '/drives/a', { drive_id: 'a' }, 400, /not supported before starting/],
      ['PATCH', '/vm', { state: 'Paused' }, 400, /not supported before starting/],
      ['PUT', '/vsock', { guest_cid: 3, uds_path: join(directory, 'v.sock') }, 204, /^$/],
      ['PUT', '/vsock', { guest_cid: 3, uds_path: join(directory, 'v.sock') }, 400, /UnixBind/],
      ['PUT', '/serial', {}, 400, /no PUT \/serial in version 1\.13/],
      ['GET', '/balloon', undefined, 400, /No balloon/],
      // The kernel is empty: the double lives on and says why it does not take it.
      ['PUT', '/actions', { action_type: 'InstanceStart' }, 400, /Cannot start the microVM: .*kernel/],
      ['GET', '/', undefined, 200, /Not started/],
    ];
    for (const [method, path, body, status, expected] of talk) {
      const got = await ask(method, path, body);
      assert.equal(got.status, status, `${method} ${path}: ${got.answer}`);
      assert.match(got.answer, expected);
    }
    const recorded = readRecord(record);
    assert.equal(recorded.length, talk.length);
    assert.equal(recorded.filter(({ wrong }) => wrong.length > 0).length, 3);
  });
});
