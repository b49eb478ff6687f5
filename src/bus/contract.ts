// Made by scripts/generate-contract.ts from dbus/*.xml; do not edit.

import type { Plain } from './values.ts';

/** What each interface looks like to TypeScript; structs are tuples, variants plain values. */
export interface Contract {
  'org.banger.Image1': {
    methods: { Delete(options: Record<string, Plain>): void };
    properties: {
      Id: string;
      Name: string;
      Kernel: string;
      Distribution: string;
      Architecture: string;
      Size: number;
      Digest: string;
      CreatedAt: number;
    };
    writable: never;
    signals: Record<never, never>;
  };
  'org.banger.Job1': {
    methods: { Cancel(): void };
    properties: {
      Kind: string;
      Stage: string;
      Progress: number;
      Object: string;
      State: string;
      Cancelable: boolean;
    };
    writable: never;
    signals: Record<never, never>;
  };
  'org.banger.Kernel1': {
    methods: { Delete(options: Record<string, Plain>): void };
    properties: {
      Id: string;
      Name: string;
      Release: string;
      Size: number;
      Digest: string;
      CreatedAt: number;
    };
    writable: never;
    signals: Record<never, never>;
  };
  'org.banger.Manager1': {
    methods: {
      CreateVM(name: string, options: Record<string, Plain>): [vm: string, job: string];
      GetVM(ref: string): string;
      ListVMs(): [string, string, string, string, string, number, number, number, string, number][];
      GetImage(ref: string): string;
      ListImages(): [string, string, string, string, number, number][];
      PullImage(name: string, options: Record<string, Plain>): string;
      GetKernel(ref: string): string;
      ListKernels(): [string, string, string, string, number, number][];
      PullKernel(name: string, options: Record<string, Plain>): string;
      Doctor(): [string, string, string, string][];
      DaemonStatus(): Record<string, Plain>;
      Quit(): void;
    };
    properties: { Version: string; Features: string[]; DNSAddress: string; LogLevel: string };
    writable: 'LogLevel';
    signals: {
      JobNew(job: string): void;
      JobRemoved(job: string, result: string, error_name: string, message: string): void;
    };
  };
  'org.banger.Network1': {
    methods: {
      EnsureBridge(options: Record<string, Plain>): Record<string, Plain>;
      RemoveBridge(options: Record<string, Plain>): void;
      CreateTap(options: Record<string, Plain>): string;
      SetTap(name: string, options: Record<string, Plain>): void;
      DeleteTap(name: string, options: Record<string, Plain>): void;
      ListTaps(
        options: Record<string, Plain>,
      ): [string, string, string, boolean, boolean, boolean, boolean][];
      FindDrops(options: Record<string, Plain>): [bridge: string, drops: [string, string, string, string][]];
      SetResolver(address: string, port: number, options: Record<string, Plain>): string[];
      RemoveResolver(options: Record<string, Plain>): void;
    };
    properties: { Version: string; Pool: string; MaxTaps: number };
    writable: never;
    signals: Record<never, never>;
  };
  'org.banger.VM1': {
    methods: {
      Start(options: Record<string, Plain>): string;
      Stop(options: Record<string, Plain>): string;
      Restart(options: Record<string, Plain>): string;
      Kill(signal: string, options: Record<string, Plain>): string;
      Set(options: Record<string, Plain>): string;
      Keep(options: Record<string, Plain>): void;
      Delete(options: Record<string, Plain>): string;
      PrepareWorkspace(source: string, options: Record<string, Plain>): string;
      SSH(): Record<string, Plain>;
      Stats(): Record<string, Plain>;
      Ports(): [string, string, number, string, number, string, string, string, number, string, string][];
      Logs(): Record<string, Plain>;
      Starts(): [number, string, [string, number][]][];
    };
    properties: {
      Id: string;
      Name: string;
      State: string;
      Image: string;
      Kernel: string;
      VCPUs: number;
      Memory: number;
      DiskSize: number;
      Address: string;
      HostName: string;
      Unit: string;
      VMM: string;
      Accelerator: string;
      Network: string;
      WantedNetwork: string;
      NAT: boolean;
      Reasons: Record<string, string>;
      CreatedAt: number;
      StartedAt: number;
      LastError: string;
      Warnings: string[];
      Ephemeral: boolean;
    };
    writable: never;
    signals: { Stale(unused_since: number, stop_at: number): void };
  };
}

/** The D-Bus signatures of each interface. */
export const contract = {
  'org.banger.Image1': {
    methods: { Delete: { in: 'a{sv}', out: '' } },
    properties: {
      Id: { type: 's', access: 'read' },
      Name: { type: 's', access: 'read' },
      Kernel: { type: 's', access: 'read' },
      Distribution: { type: 's', access: 'read' },
      Architecture: { type: 's', access: 'read' },
      Size: { type: 't', access: 'read' },
      Digest: { type: 's', access: 'read' },
      CreatedAt: { type: 't', access: 'read' },
    },
    signals: {},
  },
  'org.banger.Job1': {
    methods: { Cancel: { in: '', out: '' } },
    properties: {
      Kind: { type: 's', access: 'read' },
      Stage: { type: 's', access: 'read' },
      Progress: { type: 'd', access: 'read' },
      Object: { type: 'o', access: 'read' },
      State: { type: 's', access: 'read' },
      Cancelable: { type: 'b', access: 'read' },
    },
    signals: {},
  },
  'org.banger.Kernel1': {
    methods: { Delete: { in: 'a{sv}', out: '' } },
    properties: {
      Id: { type: 's', access: 'read' },
      Name: { type: 's', access: 'read' },
      Release: { type: 's', access: 'read' },
      Size: { type: 't', access: 'read' },
      Digest: { type: 's', access: 'read' },
      CreatedAt: { type: 't', access: 'read' },
    },
    signals: {},
  },
  'org.banger.Manager1': {
    methods: {
      CreateVM: { in: 'sa{sv}', out: 'oo' },
      GetVM: { in: 's', out: 'o' },
      ListVMs: { in: '', out: 'a(ossssuttst)' },
      GetImage: { in: 's', out: 'o' },
      ListImages: { in: '', out: 'a(ossstt)' },
      PullImage: { in: 'sa{sv}', out: 'o' },
      GetKernel: { in: 's', out: 'o' },
      ListKernels: { in: '', out: 'a(ossstt)' },
      PullKernel: { in: 'sa{sv}', out: 'o' },
      Doctor: { in: '', out: 'a(ssss)' },
      DaemonStatus: { in: '', out: 'a{sv}' },
      Quit: { in: '', out: '' },
    },
    properties: {
      Version: { type: 's', access: 'read' },
      Features: { type: 'as', access: 'read' },
      DNSAddress: { type: 's', access: 'read' },
      LogLevel: { type: 's', access: 'readwrite' },
    },
    signals: { JobNew: 'o', JobRemoved: 'osss' },
  },
  'org.banger.Network1': {
    methods: {
      EnsureBridge: { in: 'a{sv}', out: 'a{sv}' },
      RemoveBridge: { in: 'a{sv}', out: '' },
      CreateTap: { in: 'a{sv}', out: 's' },
      SetTap: { in: 'sa{sv}', out: '' },
      DeleteTap: { in: 'sa{sv}', out: '' },
      ListTaps: { in: 'a{sv}', out: 'a(sssbbbb)' },
      FindDrops: { in: 'a{sv}', out: 'sa(ssss)' },
      SetResolver: { in: 'sqa{sv}', out: 'as' },
      RemoveResolver: { in: 'a{sv}', out: '' },
    },
    properties: {
      Version: { type: 's', access: 'read' },
      Pool: { type: 's', access: 'read' },
      MaxTaps: { type: 'u', access: 'read' },
    },
    signals: {},
  },
  'org.banger.VM1': {
    methods: {
      Start: { in: 'a{sv}', out: 'o' },
      Stop: { in: 'a{sv}', out: 'o' },
      Restart: { in: 'a{sv}', out: 'o' },
      Kill: { in: 'sa{sv}', out: 'o' },
      Set: { in: 'a{sv}', out: 'o' },
      Keep: { in: 'a{sv}', out: '' },
      Delete: { in: 'a{sv}', out: 'o' },
      PrepareWorkspace: { in: 'sa{sv}', out: 'o' },
      SSH: { in: '', out: 'a{sv}' },
      Stats: { in: '', out: 'a{sv}' },
      Ports: { in: '', out: 'a(ssqsqsssuss)' },
      Logs: { in: '', out: 'a{sv}' },
      Starts: { in: '', out: 'a(tsa(st))' },
    },
    properties: {
      Id: { type: 's', access: 'read' },
      Name: { type: 's', access: 'read' },
      State: { type: 's', access: 'read' },
      Image: { type: 's', access: 'read' },
      Kernel: { type: 's', access: 'read' },
      VCPUs: { type: 'u', access: 'read' },
      Memory: { type: 't', access: 'read' },
      DiskSize: { type: 't', access: 'read' },
      Address: { type: 's', access: 'read' },
      HostName: { type: 's', access: 'read' },
      Unit: { type: 's', access: 'read' },
      VMM: { type: 's', access: 'read' },
      Accelerator: { type: 's', access: 'read' },
      Network: { type: 's', access: 'read' },
      WantedNetwork: { type: 's', access: 'read' },
      NAT: { type: 'b', access: 'read' },
      Reasons: { type: 'a{ss}', access: 'read' },
      CreatedAt: { type: 't', access: 'read' },
      StartedAt: { type: 't', access: 'read' },
      LastError: { type: 's', access: 'read' },
      Warnings: { type: 'as', access: 'read' },
      Ephemeral: { type: 'b', access: 'read' },
    },
    signals: { Stale: 'tt' },
  },
} as const;
