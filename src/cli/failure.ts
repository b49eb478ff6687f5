import { errorTable } from '../common/error-table.ts';
import { BangerError, getMessage } from '../common/errors.ts';
import { asKnownFailure } from '../common/system-error.ts';
import { report } from './output/report.ts';

/** Tells the user of something that was thrown, in one line. @param prefix what it concerns, if not all */
export function reportFailure(error: unknown, prefix = ''): void {
  const known = asKnownFailure(error);
  if (known instanceof BangerError) {
    report(prefix + known.message);
    return;
  }
  report(prefix + new BangerError('Internal', `internal error: ${getMessage(error)}`).message);
  if (process.env.BANGER_DEBUG) console.error(error);
}

/** The exit status for something that was thrown. @param failureStatus for a failure that is not the user's */
export function getExitStatus(error: unknown, failureStatus = 1): number {
  const { status } = error instanceof BangerError ? errorTable[error.code] : errorTable.Internal;
  return status === errorTable.Internal.status ? failureStatus : status;
}
