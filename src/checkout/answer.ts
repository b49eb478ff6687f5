import { BangerError, messageOf } from '../common/errors.ts';
import type { Failure, Replies, Request } from '../reader/protocol.ts';
import { archive } from './archive.ts';
import { makeGuestIndex } from './guest-index.ts';
import { pack } from './pack.ts';
import { check, read } from './read.ts';

/**
 * Does what a request asks for.
 * @param output the descriptor that an archive is written to
 * @throws what the act throws
 */
export async function answer(request: Request, output: number): Promise<Replies[Request['act']]> {
  switch (request.act) {
    case 'check':
      return check(request);
    case 'read':
      return read(request);
    case 'pack':
      return pack(request.staging);
    case 'archive':
      return archive(request.staging, request.mark, output);
    case 'index':
      return makeGuestIndex(request.staging);
  }
}

/** The failure that is reported for an error. */
export function failureOf(error: unknown): Failure {
  const code = error instanceof BangerError ? error.code : 'CommandFailed';
  return { code, message: messageOf(error) };
}
