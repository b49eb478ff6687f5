import { BangerError } from '../common/errors.ts';
import type { VmContext } from '../vm/context.ts';

/** What a VM uses, by the names of VM1.Stats. @throws NoSuchVM */
export async function statsOf(_context: VmContext): Promise<Record<string, number>> {
  throw new BangerError('NotSupported', 'not there yet');
}
