import { BangerError } from '../common/errors.ts';
import { Client } from './client.ts';

/** The daemon if one runs; none is started for the question. */
export async function runningDaemon(): Promise<Client | undefined> {
  try {
    return await Client.connect({ start: false });
  } catch (error) {
    if (error instanceof BangerError && error.code === 'DaemonUnreachable') return undefined;
    throw error;
  }
}
