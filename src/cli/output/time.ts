/** A time of the API (microseconds since the epoch) as RFC 3339; nothing for 0. */
export function isoTime(microseconds: number): string | null {
  return microseconds === 0 ? null : new Date(microseconds / 1000).toISOString();
}

/** Gets how long ago a time of the API is, in its largest unit: `12s`, `5m`, `3h`, `9d`. */
export function age(microseconds: number, nowMs: number = Date.now()): string {
  return shortDuration(nowMs / 1000 - microseconds / 1_000_000);
}

/** A duration in its largest unit: `12s`, `5m`, `3h`, `9d`. */
export function shortDuration(exactSeconds: number): string {
  const seconds = Math.max(0, Math.floor(exactSeconds));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** A time of the API for people: local time and age. */
export function timeAndAge(microseconds: number): string {
  if (microseconds === 0) return '';
  const toTheMinute = localTime(new Date(microseconds / 1000))?.slice(0, -':00.000'.length);
  return `${toTheMinute} (${age(microseconds)} ago)`;
}

/** Local time as `2026-01-31 23:59:59.999`; nothing for a date that is none. */
export function localTime(date: Date): string | undefined {
  if (Number.isNaN(date.getTime())) return undefined;
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
    .toISOString()
    .slice(0, 23)
    .replace('T', ' ');
}

/** A duration of work: `0.4s`, `12.3s`, `3m05s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  return `${Math.floor(seconds / 60)}m${String(Math.floor(seconds % 60)).padStart(2, '0')}s`;
}
