import { readFileSync, renameSync, writeFileSync } from 'node:fs';

let present: string | undefined;

/** The kernel's id of this boot of the host: what was true of a process or the hardware is void in another. */
export function bootId(): string {
  present ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return present;
}

/** A finding about the host that holds until it boots again, kept in a private file. */
export interface BootCache<T> {
  file: string;
  /** What the finding depends on besides the boot, such as a program's path and time; another key, another finding. */
  key: string;
  /** Reads back what was kept; nothing if it is not what we would have written. */
  parse: (value: unknown) => T | undefined;
}

/** What was found earlier in this boot, if anything. A damaged file is as good as none. */
export function recall<T>(cache: BootCache<T>): T | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(cache.file, 'utf8'));
    if (typeof kept !== 'object' || kept === null) return undefined;
    if (!('boot' in kept && 'key' in kept && 'value' in kept)) return undefined;
    return kept.boot === bootId() && kept.key === cache.key ? cache.parse(kept.value) : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a finding; the directory must exist. Concurrent writers replace one another whole. */
export function remember<T>(cache: BootCache<T>, value: T): void {
  const temporary = `${cache.file}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify({ boot: bootId(), key: cache.key, value }), { mode: 0o600 });
  renameSync(temporary, cache.file);
}
