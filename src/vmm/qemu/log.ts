/** What QEMU prints when it was asked to end by a signal; it exits with status 0 then, as when its guest powers off. */
const terminated = /^[^\n]*qemu-system-x86_64: terminating on signal /m;

/** Checks whether a QEMU that exited with status 0 was ended from outside. @param log the end of what it printed */
export function wasTerminated(log: string): boolean {
  return terminated.test(log);
}
