import type { Implementation } from '../../src/bus/server.ts';
import { BangerError } from '../../src/common/errors.ts';
import { standIn } from '../support/stand-in.ts';

/** A manager with a few VMs, made up, for tests of the bus alone. */
export function fakeManager(
  vms: number,
): Implementation<'org.banger.Manager1'> & { senders: string[]; logLevels: string[] } {
  const senders: string[] = [];
  const logLevels = ['info'];
  const job = '/org/banger/jobs/1';
  return {
    senders,
    logLevels,
    methods: {
      CreateVM: ({ sender }, name, options) => {
        senders.push(sender);
        if (name === 'taken')
          throw new BangerError('AlreadyExists', 'there is a VM named taken', {
            remedy: 'choose another name',
          });
        if (name === 'bug') throw new Error('secret detail');
        if (options.image === undefined) throw new BangerError('InvalidArgs', 'no image given');
        return ['/org/banger/vms/new', job];
      },
      GetVM: async (_, ref) => {
        if (ref === 'slow') await new Promise((resolve) => setTimeout(resolve, 1_000));
        // What is no object path would be a bug of the daemon.
        if (ref === 'wrong') return 'not a path';
        return `/org/banger/vms/${ref}`;
      },
      ListVMs: () =>
        Array.from({ length: vms }, (_, n) => [
          `/org/banger/vms/v${n}`,
          `name-${n}`,
          `v${n}`,
          'running',
          'debian-bookworm',
          2,
          2 ** 30,
          2 ** 33,
          '10.0.0.2',
          1_700_000_000_000_000 + n,
        ]),
      GetImage: () => '/org/banger/images/i',
      ListImages: () => [],
      PullImage: () => job,
      GetKernel: () => '/org/banger/kernels/k',
      ListKernels: () => [],
      PullKernel: () => job,
      Doctor: () => [['kvm', 'warn', 'no KVM', 'load kvm_intel']],
      DaemonStatus: () => ({
        pid: process.pid,
        version: 'test',
        features: ['a', 'b'],
        nested: { deep: true },
      }),
      Quit: () => undefined,
    },
    properties: {
      Version: () => '1.2.3',
      DNSAddress: () => '127.0.0.1:42069',
      Features: () => ['snapshot', 'user-network'],
      LogLevel: () => logLevels.at(-1) ?? '',
    },
    writable: {
      LogLevel: (level) => {
        if (level === 'loud') throw new BangerError('InvalidArgs', 'no log level is named loud');
        logLevels.push(level);
      },
    },
  };
}

export function fakeVM(id: string): Implementation<'org.banger.VM1'> {
  const job = () => '/org/banger/jobs/1';
  const { methods, properties } = standIn('org.banger.VM1');
  return {
    methods: {
      ...methods,
      Start: job,
      Stop: job,
      Delete: job,
      SSH: () => ({ host: '127.0.0.1', port: 2222 }),
    },
    properties: {
      ...properties,
      Id: () => id,
      Name: () => `name-${id}`,
      State: () => 'running',
      Image: () => 'debian-bookworm',
      Kernel: () => 'debian',
      VCPUs: () => 2,
      Memory: () => 2 ** 30,
      DiskSize: () => 2 ** 33,
      HostName: () => `name-${id}.vm`,
      VMM: () => 'qemu',
      Accelerator: () => 'tcg',
      WantedNetwork: () => 'auto',
      NAT: () => true,
      Network: () => 'user',
      CreatedAt: () => 1_700_000_000_000_000,
    },
  };
}
