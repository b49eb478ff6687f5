import { parseArgs } from 'node:util';

export interface CommandLine {
  id: string;
  /** The path of the API's socket. */
  socket: string;
  askedForVersion: boolean;
  /** Whether what goes well is worth a line of the log. */
  logs: boolean;
  logFile: string | undefined;
  /** Why Firecracker would not take it. */
  wrong?: string;
}

const flags = [
  'no-seccomp',
  'no-api',
  'boot-timer',
  'show-level',
  'show-log-origin',
  'version',
  'enable-pci',
];
const valued = ['api-sock', 'id', 'seccomp-filter', 'log-path', 'level', 'module', 'metrics-path'];
const counted = ['start-time-us', 'start-time-cpu-us', 'parent-cpu-time-us', 'http-api-max-payload-size'];

/** Reads Firecracker's command line. */
export function readCommandLine(args: string[]): CommandLine {
  const usual = {
    id: 'anonymous-instance',
    socket: '/run/firecracker.socket',
    askedForVersion: false,
    logs: true,
    logFile: undefined,
  };
  try {
    const { values }: { values: Readonly<Record<string, unknown>> } = parseArgs({
      args,
      options: Object.fromEntries([
        ...flags.map((name) => [name, { type: 'boolean' as const }]),
        ...[...valued, ...counted].map((name) => [name, { type: 'string' as const }]),
      ]),
    });
    const { id = usual.id, 'api-sock': socket = usual.socket } = values;
    const { level = 'Info', 'log-path': logFile } = values;
    const read = {
      id: String(id),
      socket: String(socket),
      askedForVersion: values.version === true,
      logs: /^(info|debug|trace)$/i.test(String(level)),
      logFile: logFile === undefined ? undefined : String(logFile),
    };
    if (!/^[A-Za-z0-9-]{1,64}$/.test(read.id)) return { ...read, wrong: 'Invalid instance ID' };
    if (values['no-api']) return { ...read, wrong: 'the double is nothing without its API' };
    return read;
  } catch (error) {
    return { ...usual, wrong: error instanceof Error ? error.message : String(error) };
  }
}
