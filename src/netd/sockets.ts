import { readFileSync } from 'node:fs';
import { BangerError } from '../common/errors.ts';

/** A socket as the kernel lists it: proc(5), /proc/net/udp. */
interface Listed {
  address: string;
  port: number;
  /** `0A` for a TCP socket that listens. */
  state: string;
  uid: number;
}

const loopback = '0100007F';
const anyAddress = '00000000';
const listening = '0A';

/**
 * Checks whether a user, and nobody else, has the DNS server at a port of 127.0.0.1. Over TCP it need not answer, but nobody
 * else may either.
 * @param read a file of /proc/net
 * @throws AccessDenied if nobody has it, or somebody else
 */
export function requireOwnServer(
  uid: number,
  port: number,
  read = (name: string) => readFileSync(`/proc/net/${name}`, 'latin1'),
): void {
  const udp = socketsOf(read('udp')).filter((each) => each.port === port && each.address === loopback);
  const tcp = socketsOf(read('tcp')).filter(
    (each) => each.port === port && each.state === listening && [loopback, anyAddress].includes(each.address),
  );
  if (udp.length > 0 && [...udp, ...tcp].every((socket) => socket.uid === uid)) return;
  throw new BangerError('AccessDenied', `UDP port ${port} of 127.0.0.1 is not yours alone`, {
    remedy: 'bind it before, without address reuse',
  });
}

function socketsOf(table: string): Listed[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state = '', , , , uid = ''] = line.trim().split(/\s+/);
      const [address = '', port = ''] = local.split(':');
      return port === '' ? [] : [{ address, port: Number.parseInt(port, 16), state, uid: Number(uid) }];
    });
}
