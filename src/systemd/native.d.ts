/** What banger uses of two packages that bring no types. */

declare module 'sd-notify' {
  const notify: {
    ready(): void;
    stopping(pid: number): void;
    watchdog(): void;
    /** Milliseconds within which systemd wants to hear `watchdog`, 0 if it does not. */
    watchdogInterval(): number;
    sendState(assignments: string): void;
  };
  export default notify;
}

declare module 'systemd-journald' {
  type Send = (message: string, fields: Record<string, string>) => void;
  const journal: Record<'crit' | 'err' | 'warning' | 'info' | 'debug', Send>;
  export default journal;
}
