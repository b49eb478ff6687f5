// Made by scripts/generate-contract.ts from dbus/*.xml; do not edit.

import type { NoOptions } from './options.ts';
import type { Plain } from './values.ts';

/** What each interface looks like to TypeScript; structs are tuples with labels, variants plain values. */
export interface Contract {
  'org.banger.Image1': {
    methods: { Delete(options: NoOptions): void };
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
    rows: Record<never, never>;
    changing: never;
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
    rows: Record<never, never>;
    changing: 'Stage' | 'Progress' | 'State' | 'Cancelable';
    writable: never;
    signals: Record<never, never>;
  };
  'org.banger.Kernel1': {
    methods: { Delete(options: NoOptions): void };
    properties: {
      Id: string;
      Name: string;
      Release: string;
      Size: number;
      Digest: string;
      CreatedAt: number;
    };
    rows: Record<never, never>;
    changing: never;
    writable: never;
    signals: Record<never, never>;
  };
  'org.banger.Manager1': {
    methods: {
      CreateVM(
        name: string,
        options: {
          image?: string | undefined;
          vcpus?: number | undefined;
          memory?: number | undefined;
          disk_size?: number | undefined;
          network?: string | undefined;
          nat?: boolean | undefined;
          start?: boolean | undefined;
          ephemeral?: boolean | undefined;
        },
      ): [vm: string, job: string];
      GetVM(ref: string): string;
      ListVMs(): [
        path: string,
        name: string,
        id: string,
        state: string,
        image: string,
        vcpus: number,
        memory: number,
        disk_size: number,
        address: string,
        created_at: number,
      ][];
      GetImage(ref: string): string;
      ListImages(): [
        path: string,
        name: string,
        id: string,
        kernel: string,
        size: number,
        created_at: number,
      ][];
      PullImage(name: string, options: NoOptions): string;
      GetKernel(ref: string): string;
      ListKernels(): [
        path: string,
        name: string,
        id: string,
        release: string,
        size: number,
        created_at: number,
      ][];
      PullKernel(name: string, options: NoOptions): string;
      Doctor(): [check: string, status: string, detail: string, remedy: string][];
      DaemonStatus(): Record<string, Plain>;
      Quit(): void;
    };
    properties: { Version: string; Features: string[]; DNSAddress: string; LogLevel: string };
    rows: {
      ListVMs: {
        path: string;
        name: string;
        id: string;
        state: string;
        image: string;
        vcpus: number;
        memory: number;
        disk_size: number;
        address: string;
        created_at: number;
      };
      ListImages: {
        path: string;
        name: string;
        id: string;
        kernel: string;
        size: number;
        created_at: number;
      };
      ListKernels: {
        path: string;
        name: string;
        id: string;
        release: string;
        size: number;
        created_at: number;
      };
      Doctor: { check: string; status: string; detail: string; remedy: string };
    };
    changing: 'LogLevel';
    writable: 'LogLevel';
    signals: {
      JobNew(job: string): void;
      JobRemoved(job: string, result: string, error_name: string, message: string): void;
    };
  };
  'org.banger.Network1': {
    methods: {
      EnsureBridge(options: {
        network?: string | undefined;
        interactive?: boolean | undefined;
      }): Record<string, Plain>;
      RemoveBridge(options: { interactive?: boolean | undefined }): void;
      CreateTap(options: {
        address?: string | undefined;
        mac?: string | undefined;
        nat?: boolean | undefined;
        lan?: boolean | undefined;
        peers?: boolean | undefined;
        interactive?: boolean | undefined;
      }): string;
      SetTap(
        name: string,
        options: {
          address?: string | undefined;
          mac?: string | undefined;
          nat?: boolean | undefined;
          lan?: boolean | undefined;
          peers?: boolean | undefined;
          interactive?: boolean | undefined;
        },
      ): void;
      DeleteTap(name: string, options: { interactive?: boolean | undefined }): void;
      ListTaps(options: {
        interactive?: boolean | undefined;
      }): [
        name: string,
        address: string,
        mac: string,
        nat: boolean,
        lan: boolean,
        peers: boolean,
        open: boolean,
      ][];
      FindDrops(options: {
        interactive?: boolean | undefined;
      }): [bridge: string, drops: [family: string, table: string, chain: string, manager: string][]];
      SetResolver(address: string, port: number, options: { interactive?: boolean | undefined }): string[];
      RemoveResolver(options: { interactive?: boolean | undefined }): void;
    };
    properties: { Version: string; Pool: string; MaxTaps: number };
    rows: {
      ListTaps: {
        name: string;
        address: string;
        mac: string;
        nat: boolean;
        lan: boolean;
        peers: boolean;
        open: boolean;
      };
      FindDrops: { family: string; table: string; chain: string; manager: string };
    };
    changing: 'Pool' | 'MaxTaps';
    writable: never;
    signals: Record<never, never>;
  };
  'org.banger.VM1': {
    methods: {
      Start(options: NoOptions): string;
      Stop(options: { timeout?: number | undefined }): string;
      Restart(options: { timeout?: number | undefined }): string;
      Kill(signal: string, options: NoOptions): string;
      Set(options: {
        vcpus?: number | undefined;
        memory?: number | undefined;
        disk_size?: number | undefined;
        nat?: boolean | undefined;
      }): string;
      Keep(options: NoOptions): void;
      Delete(options: { force?: boolean | undefined }): string;
      PrepareWorkspace(
        source: string,
        options: {
          guest_path?: string | undefined;
          branch?: string | undefined;
          from?: string | undefined;
          bootstrap?: boolean | undefined;
        },
      ): string;
      SSH(): Record<string, Plain>;
      Stats(): Record<string, Plain>;
      Ports(): [
        protocol: string,
        guest_address: string,
        port: number,
        host_address: string,
        host_port: number,
        scheme: string,
        process: string,
        command: string,
        pid: number,
        obstacle: string,
        taken_by: string,
      ][];
      Logs(): Record<string, Plain>;
      Starts(): [began_at: number, result: string, stages: [string, number][]][];
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
    rows: {
      Ports: {
        protocol: string;
        guest_address: string;
        port: number;
        host_address: string;
        host_port: number;
        scheme: string;
        process: string;
        command: string;
        pid: number;
        obstacle: string;
        taken_by: string;
      };
      Starts: { began_at: number; result: string; stages: [string, number][] };
    };
    changing:
      | 'State'
      | 'Kernel'
      | 'VCPUs'
      | 'Memory'
      | 'DiskSize'
      | 'Address'
      | 'VMM'
      | 'Accelerator'
      | 'Network'
      | 'NAT'
      | 'Reasons'
      | 'StartedAt'
      | 'LastError'
      | 'Warnings'
      | 'Ephemeral';
    writable: never;
    signals: { Stale(unused_since: number, stop_at: number): void };
  };
}

/** The D-Bus signatures of each interface. */
export const contract = {
  'org.banger.Image1': {
    methods: { Delete: { in: 'a{sv}', out: '', options: {} } },
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
    changing: [],
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
    changing: ['Stage', 'Progress', 'State', 'Cancelable'],
    signals: {},
  },
  'org.banger.Kernel1': {
    methods: { Delete: { in: 'a{sv}', out: '', options: {} } },
    properties: {
      Id: { type: 's', access: 'read' },
      Name: { type: 's', access: 'read' },
      Release: { type: 's', access: 'read' },
      Size: { type: 't', access: 'read' },
      Digest: { type: 's', access: 'read' },
      CreatedAt: { type: 't', access: 'read' },
    },
    changing: [],
    signals: {},
  },
  'org.banger.Manager1': {
    methods: {
      CreateVM: {
        in: 'sa{sv}',
        out: 'oo',
        options: {
          image: 's',
          vcpus: 'u',
          memory: 't',
          disk_size: 't',
          network: 's',
          nat: 'b',
          start: 'b',
          ephemeral: 'b',
        },
      },
      GetVM: { in: 's', out: 'o' },
      ListVMs: {
        in: '',
        out: 'a(ossssuttst)',
        fields: [
          'path',
          'name',
          'id',
          'state',
          'image',
          'vcpus',
          'memory',
          'disk_size',
          'address',
          'created_at',
        ],
      },
      GetImage: { in: 's', out: 'o' },
      ListImages: {
        in: '',
        out: 'a(ossstt)',
        fields: ['path', 'name', 'id', 'kernel', 'size', 'created_at'],
      },
      PullImage: { in: 'sa{sv}', out: 'o', options: {} },
      GetKernel: { in: 's', out: 'o' },
      ListKernels: {
        in: '',
        out: 'a(ossstt)',
        fields: ['path', 'name', 'id', 'release', 'size', 'created_at'],
      },
      PullKernel: { in: 'sa{sv}', out: 'o', options: {} },
      Doctor: { in: '', out: 'a(ssss)', fields: ['check', 'status', 'detail', 'remedy'] },
      DaemonStatus: { in: '', out: 'a{sv}' },
      Quit: { in: '', out: '' },
    },
    properties: {
      Version: { type: 's', access: 'read' },
      Features: { type: 'as', access: 'read' },
      DNSAddress: { type: 's', access: 'read' },
      LogLevel: { type: 's', access: 'readwrite' },
    },
    changing: ['LogLevel'],
    signals: { JobNew: 'o', JobRemoved: 'osss' },
  },
  'org.banger.Network1': {
    methods: {
      EnsureBridge: { in: 'a{sv}', out: 'a{sv}', options: { network: 's', interactive: 'b' } },
      RemoveBridge: { in: 'a{sv}', out: '', options: { interactive: 'b' } },
      CreateTap: {
        in: 'a{sv}',
        out: 's',
        options: { address: 's', mac: 's', nat: 'b', lan: 'b', peers: 'b', interactive: 'b' },
      },
      SetTap: {
        in: 'sa{sv}',
        out: '',
        options: { address: 's', mac: 's', nat: 'b', lan: 'b', peers: 'b', interactive: 'b' },
      },
      DeleteTap: { in: 'sa{sv}', out: '', options: { interactive: 'b' } },
      ListTaps: {
        in: 'a{sv}',
        out: 'a(sssbbbb)',
        options: { interactive: 'b' },
        fields: ['name', 'address', 'mac', 'nat', 'lan', 'peers', 'open'],
      },
      FindDrops: {
        in: 'a{sv}',
        out: 'sa(ssss)',
        options: { interactive: 'b' },
        fields: ['family', 'table', 'chain', 'manager'],
      },
      SetResolver: { in: 'sqa{sv}', out: 'as', options: { interactive: 'b' } },
      RemoveResolver: { in: 'a{sv}', out: '', options: { interactive: 'b' } },
    },
    properties: {
      Version: { type: 's', access: 'read' },
      Pool: { type: 's', access: 'read' },
      MaxTaps: { type: 'u', access: 'read' },
    },
    changing: ['Pool', 'MaxTaps'],
    signals: {},
  },
  'org.banger.VM1': {
    methods: {
      Start: { in: 'a{sv}', out: 'o', options: {} },
      Stop: { in: 'a{sv}', out: 'o', options: { timeout: 't' } },
      Restart: { in: 'a{sv}', out: 'o', options: { timeout: 't' } },
      Kill: { in: 'sa{sv}', out: 'o', options: {} },
      Set: { in: 'a{sv}', out: 'o', options: { vcpus: 'u', memory: 't', disk_size: 't', nat: 'b' } },
      Keep: { in: 'a{sv}', out: '', options: {} },
      Delete: { in: 'a{sv}', out: 'o', options: { force: 'b' } },
      PrepareWorkspace: {
        in: 'sa{sv}',
        out: 'o',
        options: { guest_path: 's', branch: 's', from: 's', bootstrap: 'b' },
      },
      SSH: { in: '', out: 'a{sv}' },
      Stats: { in: '', out: 'a{sv}' },
      Ports: {
        in: '',
        out: 'a(ssqsqsssuss)',
        fields: [
          'protocol',
          'guest_address',
          'port',
          'host_address',
          'host_port',
          'scheme',
          'process',
          'command',
          'pid',
          'obstacle',
          'taken_by',
        ],
      },
      Logs: { in: '', out: 'a{sv}' },
      Starts: { in: '', out: 'a(tsa(st))', fields: ['began_at', 'result', 'stages'] },
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
    changing: [
      'State',
      'Kernel',
      'VCPUs',
      'Memory',
      'DiskSize',
      'Address',
      'VMM',
      'Accelerator',
      'Network',
      'NAT',
      'Reasons',
      'StartedAt',
      'LastError',
      'Warnings',
      'Ephemeral',
    ],
    signals: { Stale: 'tt' },
  },
} as const;
