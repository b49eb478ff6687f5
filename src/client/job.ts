import { nameOnBus, RemoteError } from '../bus/errors.ts';
import { managerName } from '../bus/interfaces.ts';
import { onAbort } from '../common/abort.ts';
import { BangerError } from '../common/errors.ts';
import type { Client } from './client.ts';

/** A cancelled job undoes what it did, which may mean to stop a VM. */
const cancelMs = 60_000;
/** How often a job that says nothing is looked at, in case its daemon lost it. */
const lookMs = 10_000;
/** For how long the daemon may be without its name. */
const absenceMs = 2_000;

/** What is told of a job while it is followed. */
export interface JobObserver {
  /** @param progress of this stage from 0 to 1; negative where it is not known */
  stage?(name: string, progress: number): void;
  /** Another object of the daemon changed. @param properties the new values */
  changed?(path: string, properties: Readonly<Record<string, unknown>>): void;
  /** The job was asked to end and to undo what it did, which may take a while. */
  cancelling?(): void;
  /** The job ended; nothing is told afterwards. */
  end?(succeeded: boolean): void;
}

const jobsPath = '/org/banger/jobs/';

interface JobEnd {
  result: string;
  errorName: string;
  message: string;
}

/**
 * Makes a call that starts a job and follows the job to its end. When the signal is aborted the job is
 * cancelled, and what it did is undone before this throws.
 * @param call gives the path of the job
 * @throws what the job failed with, Cancelled, DaemonUnreachable when the daemon ends before the job
 */
export async function followJob(
  client: Client,
  call: () => Promise<string>,
  observer: JobObserver = {},
  signal?: AbortSignal,
): Promise<void> {
  const watch = new JobWatch(client, observer);
  let succeeded = false;
  try {
    await watch.begin();
    const end = await watch.follow(await call(), signal);
    if (end.result !== 'done') throw errorOf(end);
    succeeded = true;
  } finally {
    observer.end?.(succeeded);
    await watch.stop();
  }
}

/** Listens from before the call, because a quick job may have ended when its path becomes known. */
class JobWatch {
  readonly #client: Client;
  readonly #observer: JobObserver;
  readonly #ends = new Map<string, JobEnd>();
  readonly #end = Promise.withResolvers<JobEnd>();
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  /** What was told of jobs before ours had a path, which may have begun meanwhile. */
  #early: { path: string; body: readonly unknown[] }[] = [];
  #job: string | undefined;
  /** Who is the daemon, on the bus. */
  #owner: string | undefined;
  #absence: NodeJS.Timeout | undefined;
  #stage = '';
  #changes = 0;

  constructor(client: Client, observer: JobObserver) {
    this.#client = client;
    this.#observer = observer;
    // It may be rejected before anybody waits for it.
    this.#end.promise.catch(() => undefined);
  }

  async begin(): Promise<void> {
    const { bus, manager } = this.#client;
    void bus.closed.then(() => this.#lose());
    this.#unsubscribe.push(
      ...(await Promise.all([
        manager.on('JobRemoved', (job, result, errorName, message) => {
          this.#ends.set(job, { result, errorName, message });
          this.#settle();
        }),
        bus.onSignal(
          { sender: managerName, interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged' },
          ({ path, body }) => this.#changed(path, body),
        ),
        bus.watchOwner(managerName, (owner) => this.#owned(owner)),
      ])),
    );
  }

  async follow(job: string, signal: AbortSignal | undefined): Promise<JobEnd> {
    this.#job = job;
    for (const { path, body } of this.#early) this.#changed(path, body);
    this.#early = [];
    this.#settle();
    using _cancellation = onAbort(signal, () => void this.#cancel(job));
    void this.#look(job);
    const looking = setInterval(() => void this.#look(job), lookMs);
    try {
      return await this.#end.promise;
    } finally {
      clearInterval(looking);
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#absence);
    // A bus that went away has no subscriptions left to end.
    await Promise.allSettled(this.#unsubscribe.map((unsubscribe) => unsubscribe()));
  }

  /** A daemon that was about to end as our call came takes its name back at once, to do what we asked for. */
  #owned(owner: string): void {
    clearTimeout(this.#absence);
    if (owner === '') this.#absence = setTimeout(() => this.#lose(), absenceMs);
    else if (this.#owner !== undefined && owner !== this.#owner) this.#lose();
    else this.#owner = owner;
  }

  #lose(): void {
    this.#end.reject(
      new BangerError('DaemonUnreachable', 'the daemon ended while it worked', {
        remedy: 'see what became of it with `banger vm list` and try again',
      }),
    );
  }

  #settle(): void {
    const end = this.#job === undefined ? undefined : this.#ends.get(this.#job);
    if (end) this.#end.resolve(end);
  }

  #changed(path: string, body: readonly unknown[]): void {
    const [, changed] = body;
    if (typeof changed !== 'object' || changed === null) return;
    if (!path.startsWith(jobsPath)) this.#observer.changed?.(path, { ...changed });
    else if (this.#job === undefined) this.#early.push({ path, body });
    if (path !== this.#job) return;
    this.#changes++;
    this.#show({ ...changed });
  }

  #show({ Stage: stage, Progress: progress }: Record<string, unknown>): void {
    if (typeof stage === 'string') this.#stage = stage;
    this.#observer.stage?.(this.#stage, typeof progress === 'number' ? progress : -1);
  }

  /** Reads where the job is: what it told before its path was known, or that it is gone without a word. */
  async #look(job: string): Promise<void> {
    const before = this.#changes;
    try {
      const properties = await this.#client.job(job).getAll();
      // What a signal told in the meantime is newer.
      if (this.#changes === before) this.#show(properties);
    } catch (error) {
      if (this.#ends.has(job)) return;
      if (error instanceof BangerError && error.code === 'DaemonUnreachable') return;
      this.#end.reject(
        new BangerError('DaemonUnreachable', 'the daemon no longer knows the job', {
          remedy: 'try again',
          cause: error,
        }),
      );
    }
  }

  async #cancel(job: string): Promise<void> {
    this.#observer.cancelling?.();
    const late = new BangerError(
      'Timeout',
      `the daemon has not undone the work within ${cancelMs / 1000} s and continues`,
      { remedy: 'see `banger vm list`' },
    );
    setTimeout(() => this.#end.reject(late), cancelMs).unref();
    try {
      await this.#client.job(job).call('Cancel');
    } catch {
      // It ended meanwhile, or cannot be cancelled: either way its end is what there is to wait for.
    }
  }
}

function errorOf(end: JobEnd): BangerError {
  if (end.result === 'cancelled')
    return new RemoteError(nameOnBus('Cancelled'), end.message || 'the work was cancelled');
  return new RemoteError(end.errorName, end.message);
}
