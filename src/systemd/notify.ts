import { getMessage } from '../common/errors.ts';

/** What the daemon tells the service manager that started it; sd_notify(3). Of no effect where there is none. */
export interface ServiceManager {
  /** Whether there is one. */
  readonly isThere: boolean;
  /** The start, or a reload, is over. */
  ready(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  reloading(): void;
  /** From now on a start that is asked for waits for our end. */
  stopping(): void;
  /** The end may take so much longer from now on. */
  extend(milliseconds: number): void;
}

type Native = typeof import('sd-notify').default;

const nobody: ServiceManager = {
  isThere: false,
  ready() {},
  status() {},
  reloading() {},
  stopping() {},
  extend() {},
};

/** The watchdog is told so many times within the time that it allows. */
const watchdogShare = 3;

/**
 * Reaches the service manager of the environment, and tells its watchdog from now on that the event loop turns.
 * Takes its variables out of the environment, because they are not meant for our children.
 * @param warn is told why it cannot be reached, if there is one
 */
export async function findServiceManager(warn: (message: string) => void): Promise<ServiceManager> {
  const { env } = process;
  const socket = env.NOTIFY_SOCKET;
  if (!socket) return nobody;
  let native: Native;
  try {
    native = (await import('sd-notify')).default;
  } catch (error) {
    warn(
      `systemd does not learn that the daemon is ready, and will end it: sd-notify was not built (${getMessage(error)}); run \`make build\` in the checkout, or install banger again`,
    );
    return nobody;
  }
  const watchdogMs = native.watchdogInterval();
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC']) delete env[name];
  // libsystemd looks for it in the environment at each call, and nowhere else.
  const tell = (what: () => void) => {
    env.NOTIFY_SOCKET = socket;
    what();
    delete env.NOTIFY_SOCKET;
  };
  if (watchdogMs > 0) {
    setInterval(() => tell(() => native.watchdog()), watchdogMs / watchdogShare).unref();
  }
  return {
    isThere: true,
    ready: () => tell(() => native.ready()),
    status: (text) => tell(() => native.sendState(`STATUS=${text.replaceAll('\n', ' ')}`)),
    reloading: () => tell(() => native.sendState('RELOADING=1')),
    stopping: () => tell(() => native.stopping(process.pid)),
    extend: (milliseconds) => tell(() => native.sendState(`EXTEND_TIMEOUT_USEC=${milliseconds * 1000}`)),
  };
}
