import type { Configuration } from './configuration.ts';
import { Fault } from './fault.ts';
import type { Instance } from './instance.ts';

const mebibyte = 1024 * 1024;
const page = 4096;

/** What QEMU calls the figures of the guest's driver, by Firecracker's names. */
const names: Readonly<Record<string, string>> = {
  swap_in: 'stat-swap-in',
  swap_out: 'stat-swap-out',
  major_faults: 'stat-major-faults',
  minor_faults: 'stat-minor-faults',
  free_memory: 'stat-free-memory',
  total_memory: 'stat-total-memory',
  available_memory: 'stat-available-memory',
  disk_caches: 'stat-disk-caches',
  hugetlb_allocations: 'stat-htlb-pgalloc',
  hugetlb_failures: 'stat-htlb-pgfail',
};
/** What QEMU says where the driver has told nothing. */
const untold = 2 ** 64;
const device = '/machine/peripheral/balloon';

/** The memory balloon of an instance that runs. */
export class Balloon {
  readonly #instance: Instance;

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  async begin({
    amount_mib,
    stats_polling_interval_s = 0,
  }: NonNullable<Configuration['balloon']>): Promise<void> {
    await this.#poll(stats_polling_interval_s);
    if (amount_mib > 0) await this.inflate(amount_mib);
  }

  /** Takes this much memory from the guest. */
  async inflate(amount_mib: number): Promise<void> {
    const { balloon, machine } = this.#instance.configuration;
    if (!balloon) throw new Fault('No balloon device found.');
    if (amount_mib > machine.mem_size_mib) throw new Fault('Amount of pages requested is too large.');
    await this.#instance.qemu.execute('balloon', { value: (machine.mem_size_mib - amount_mib) * mebibyte });
    balloon.amount_mib = amount_mib;
  }

  /** Changes how often the guest is asked for figures; whether it is was decided before the start. */
  async poll(seconds: number): Promise<void> {
    const { balloon } = this.#instance.configuration;
    if (!balloon) throw new Fault('No balloon device found.');
    if (!balloon.stats_polling_interval_s !== (seconds === 0))
      throw new Fault('Statistics for the balloon device cannot be turned on or off after boot.');
    await this.#poll(seconds);
    balloon.stats_polling_interval_s = seconds;
  }

  async statistics(): Promise<Record<string, number>> {
    const { balloon, machine } = this.#instance.configuration;
    if (!balloon?.stats_polling_interval_s)
      throw new Fault('Statistics for the balloon device are not enabled');
    const { qemu } = this.#instance;
    const { actual } = (await qemu.execute('query-balloon')) as { actual: number };
    const taken = machine.mem_size_mib * mebibyte - actual;
    const told = (await qemu.execute('qom-get', { path: device, property: 'guest-stats' })) as {
      stats: Record<string, number>;
    };
    const figures = Object.entries(names).map(
      ([name, theirs]) => [name, told.stats[theirs] ?? untold] as const,
    );
    return {
      target_mib: balloon.amount_mib,
      target_pages: (balloon.amount_mib * mebibyte) / page,
      actual_mib: Math.floor(taken / mebibyte),
      actual_pages: Math.floor(taken / page),
      ...Object.fromEntries(figures.filter(([, figure]) => figure < untold)),
    };
  }

  async #poll(seconds: number): Promise<void> {
    const value = { path: device, property: 'guest-stats-polling-interval', value: seconds };
    await this.#instance.qemu.execute('qom-set', value);
  }
}
