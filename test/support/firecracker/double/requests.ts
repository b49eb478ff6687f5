import { closeSync, openSync, statSync } from 'node:fs';
import type { Operation } from '../api.ts';
import type { ApiRequest } from '../validator.ts';
import { Balloon } from './balloon.ts';
import { type Configuration, type Drive, type Network, orderedDrives } from './configuration.ts';
import { afterStart, beforeStart, Fault } from './fault.ts';
import type { Instance } from './instance.ts';
import { driveName } from './qemu-arguments.ts';
import { serveVsock } from './vsock.ts';

type Handler = (instance: Instance, body: Record<string, unknown>) => unknown;

/** Does what a valid request asks an instance for. @returns the body of the reply, if it has one. @throws Fault */
export async function handleRequest(
  instance: Instance,
  { body }: ApiRequest,
  operation: Operation | undefined,
): Promise<unknown> {
  const name = `${operation?.method} ${operation?.path}`;
  const handler = anytime[name] ?? (instance.hasStarted ? running[name] : configuring[name]);
  if (handler) return await handler(instance, { ...(body as object) });
  if (name in running || name in configuring) throw new Fault(instance.hasStarted ? afterStart : beforeStart);
  throw new Fault(`the double does not do ${name}`);
}

const anytime: Readonly<Record<string, Handler>> = {
  'GET /': ({ info }) => info,
  'GET /version': ({ info }) => ({ firecracker_version: info.vmm_version }),
  'GET /machine-config': ({ configuration: { machine } }) => ({
    smt: false,
    track_dirty_pages: false,
    huge_pages: 'None',
    ...machine,
  }),
  'GET /balloon': ({ configuration: { balloon } }) => balloon ?? noBalloon(),
  'PUT /actions': async (instance, { action_type }) => {
    if (action_type === 'InstanceStart') return await instance.start();
    if (action_type === 'SendCtrlAltDel') {
      const keys = ['ctrl', 'alt', 'delete'].map((data) => ({ type: 'qcode', data }));
      await instance.qemu.execute('send-key', { keys });
    }
    return undefined;
  },
};

const configuring: Readonly<Record<string, Handler>> = {
  'PUT /machine-config': ({ configuration }, body) => {
    const { mem_size_mib } = body;
    if (mem_size_mib === 0)
      throw new Fault('The memory size (MiB) is either 0, or not a multiple of the page size.');
    configuration.machine = body as Configuration['machine'];
  },
  'PUT /boot-source': ({ configuration }, body) => {
    const boot = body as NonNullable<Configuration['boot']>;
    readable(boot.kernel_image_path, 'The kernel file cannot be opened');
    if (boot.initrd_path) readable(boot.initrd_path, 'The initrd file cannot be opened');
    configuration.boot = boot;
  },
  'PUT /drives/{id}': ({ configuration }, body) => {
    const drive = body as unknown as Drive;
    const others = [...configuration.drives.values()].filter(({ drive_id }) => drive_id !== drive.drive_id);
    if (drive.is_root_device && others.some((other) => other.is_root_device))
      throw new Fault('A root block device already exists!');
    readable(drive.path_on_host, 'Unable to create the virtio block device', drive.is_read_only ? 'r' : 'r+');
    configuration.drives.set(drive.drive_id, drive);
  },
  'PUT /network-interfaces/{id}': ({ configuration }, body) => {
    const network = body as unknown as Network;
    configuration.networks.set(network.iface_id, network);
  },
  'PUT /vsock': async ({ configuration }, body) => {
    const vsock = body as NonNullable<Configuration['vsock']>;
    await serveVsock(vsock.uds_path, vsock.guest_cid);
    configuration.vsock = vsock;
  },
  'PUT /entropy': ({ configuration }) => {
    configuration.hasEntropy = true;
  },
  'PUT /serial': ({ configuration }, { serial_out_path }) => {
    configuration.serialPath = serial_out_path === undefined ? undefined : String(serial_out_path);
  },
  'PUT /balloon': ({ configuration }, body) => {
    configuration.balloon = body as NonNullable<Configuration['balloon']>;
  },
  'PUT /logger': () => undefined,
  'PUT /metrics': (_, { metrics_path }) =>
    readable(String(metrics_path), 'Cannot initialize the metrics', 'a'),
};

const running: Readonly<Record<string, Handler>> = {
  'PATCH /vm': (instance, { state }) => instance.pause(state),
  'PATCH /drives/{id}': async ({ configuration, qemu }, { drive_id, path_on_host }) => {
    const index = orderedDrives(configuration).findIndex((drive) => drive.drive_id === drive_id);
    const drive = orderedDrives(configuration)[index];
    if (!drive) throw new Fault('Unable to patch the block device: Device not found');
    if (path_on_host === undefined) return;
    if (path_on_host !== drive.path_on_host) throw new Fault('the double keeps the files of its drives');
    // Whole sectors, as Firecracker counts them.
    const size = Math.floor(statSync(drive.path_on_host).size / 512) * 512;
    await qemu.execute('block_resize', { device: driveName(index), size });
  },
  'PATCH /balloon': (instance, { amount_mib }) => new Balloon(instance).inflate(Number(amount_mib)),
  'PATCH /balloon/statistics': (instance, body) =>
    new Balloon(instance).poll(Number(body.stats_polling_interval_s)),
  'GET /balloon/statistics': (instance) => new Balloon(instance).statistics(),
};

function noBalloon(): never {
  throw new Fault('No balloon device found.');
}

function readable(path: string, what: string, flags = 'r'): void {
  try {
    closeSync(openSync(path, flags));
  } catch (error) {
    throw new Fault(`${what}: ${error instanceof Error ? error.message : error}`);
  }
}
