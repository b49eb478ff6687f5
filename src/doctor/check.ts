/** What one readiness check found. */
export interface Finding {
  /** A code in kebab case, such as `qemu`. */
  check: string;
  status: 'pass' | 'warn' | 'fail';
  detail: string;
  /** The command that mends it; empty if nothing needs mending. */
  remedy: string;
}

export const pass = (check: string, detail: string): Finding => ({
  check,
  status: 'pass',
  detail,
  remedy: '',
});
export const warn = (check: string, detail: string, remedy: string): Finding => ({
  check,
  status: 'warn',
  detail,
  remedy,
});
export const fail = (check: string, detail: string, remedy: string): Finding => ({
  check,
  status: 'fail',
  detail,
  remedy,
});
