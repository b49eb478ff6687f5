import { BangerError, getSystemCode } from '../../common/errors.ts';
import type { Log } from '../../common/log.ts';
import { getReason } from '../../common/system-error.ts';
import { respond, type Transport } from './respond.ts';
import { answerByTcp, type TcpEnd } from './tcp.ts';
import { answerByUdp, type UdpEnd } from './udp.ts';
import type { NameTable } from './zone.ts';

/** The port that resolvers are told of in docs/dns-routing.md; whoever finds it taken has another. */
export const usualPort = 42069;
const address = '127.0.0.1';
/** A port that is free for UDP may be taken for TCP; there are some 28,000. */
const tries = 20;

/** A name server on the loopback, by UDP and TCP on one port. */
export class DnsServer {
  readonly address = address;
  readonly port: number;
  readonly #ends: readonly [UdpEnd, TcpEnd];

  private constructor(port: number, ends: readonly [UdpEnd, TcpEnd]) {
    this.port = port;
    this.#ends = ends;
  }

  /**
   * Answers for `vm.` from now on.
   * @param preferred the port to take if it is free
   * @throws HostNotReady if no port can be had
   */
  static async listen(names: NameTable, log: Log, preferred = usualPort): Promise<DnsServer> {
    const answerer = (transport: Transport) => (message: Buffer) => {
      try {
        return respond(message, names, transport);
      } catch (error) {
        // A bug, which must not end the daemon: anybody on this host can send anything.
        log.error({ err: error, message: message.toString('hex') }, 'a DNS message was not answered');
        return undefined;
      }
    };
    const onError = (error: Error) => log.error({ err: error }, 'the DNS server failed');
    let refusal: unknown;
    for (let attempt = 0; attempt < tries; attempt++) {
      let udp: UdpEnd | undefined;
      try {
        udp = await answerByUdp(address, attempt === 0 ? preferred : 0, answerer('udp'), onError);
        return new DnsServer(udp.port, [udp, await answerByTcp(address, udp.port, answerer('tcp'), onError)]);
      } catch (error) {
        await udp?.close();
        refusal = error;
        if (getSystemCode(error) !== 'EADDRINUSE') break;
      }
    }
    throw new BangerError(
      'HostNotReady',
      `names of VMs are not served: no port of ${address} can be bound (${getReason(refusal)})`,
      { remedy: 'free one, and run `banger daemon stop`', cause: refusal },
    );
  }

  /** Answers nothing any more; the port is free after it. */
  async close(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end.close()));
  }
}
