import { BangerError, throwIfCancelled } from './errors.ts';

/** Waits for what goes on in any case. @throws Cancelled when the signal is aborted first */
export async function untilAborted<T>(end: Promise<T>, signal: AbortSignal): Promise<T> {
  throwIfCancelled(signal);
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(new BangerError('Cancelled', 'cancelled on request'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([end, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
