/**
 * What Firecracker logs of a vCPU that cannot go on (`src/vmm/src/vstate/vcpu.rs`). It ends with status 0 or 1 then,
 * by chance; with 0 also when a guest resets the machine, of which it logs none of this.
 */
const vcpuFailures =
  /Received KVM_EXIT_(?:INTERNAL_ERROR|FAIL_ENTRY) signal|Unexpected exit reason on vcpu run|Failure during vcpu run/;
/** What it warns of at every start. */
const usualWarning = 'Received a VcpuEvent::Resume message with immediate_exit enabled';

/** What a log tells of a vCPU that failed; nothing if none did. */
export function vcpuFailure(log: string): string | undefined {
  const line = log.split('\n').findLast((each) => vcpuFailures.test(each));
  return line?.slice(line.search(vcpuFailures)).trim();
}

/** A log without what says nothing of what went wrong. */
export function withoutUsual(log: string): string {
  return log
    .split('\n')
    .filter((line) => !line.includes(usualWarning))
    .join('\n');
}
