import dnsPacket, { type Answer, type DecodedPacket, type OptAnswer } from 'dns-packet';
import type { NameTable } from '../../../src/network/dns/zone.ts';

/** Names as a user `alice` would have them who runs `web` and `db-1`. */
export const fewNames: NameTable = {
  find: (labels) => {
    const vms: Record<string, string[]> = { web: ['127.66.1.1'], 'db-1': ['127.66.1.2'] };
    const [name = '', ...user] = labels;
    const found = Object.hasOwn(vms, name) ? vms[name] : undefined;
    if (user.length === 0) return found ?? (name === 'alice' ? [] : undefined);
    return user.length === 1 && user[0] === 'alice' ? found : undefined;
  },
};

/** A query as it goes over the wire. */
export interface Asked {
  name: string;
  type?: number;
  class?: number;
  id?: number;
  flags?: number;
  /** An OPT record with these; none where absent. */
  edns?: { payload?: number; version?: number; flags?: number; options?: Buffer };
}

/** Writes a query by hand, so that what dns-packet cannot say can be asked, too: each label is bytes. */
export function encodeQuery({
  name,
  type = 1,
  class: klass = 1,
  id = 1,
  flags = 0x0100,
  edns,
}: Asked): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(edns ? 1 : 0, 10);
  return Buffer.concat([
    header,
    encodeName(name.split('.')),
    uint16(type, klass),
    edns ? optOf(edns) : nothing,
  ]);
}

/** A name of these labels, one byte for each character; an empty one is the root. */
export function encodeName(labels: readonly string[]): Buffer {
  const parts = labels.filter((label) => label !== '').map((label) => Buffer.from(label, 'latin1'));
  return Buffer.concat([...parts.flatMap((part) => [Buffer.from([part.length]), part]), Buffer.from([0])]);
}

export function uint16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, 2 * index);
  return bytes;
}

const nothing = Buffer.alloc(0);

function optOf({
  payload = 1232,
  version = 0,
  flags = 0,
  options = nothing,
}: NonNullable<Asked['edns']>): Buffer {
  const head = Buffer.concat([
    Buffer.from([0]),
    uint16(41, payload),
    Buffer.from([0, version]),
    uint16(flags),
  ]);
  return Buffer.concat([head, uint16(options.length), options]);
}

/** What a response says, by dns-packet's reading. */
export interface Told {
  id: number;
  rcode: number;
  aa: boolean;
  tc: boolean;
  answers: string[];
  authorities: string[];
  opt: OptAnswer | undefined;
  packet: DecodedPacket;
}

export function decodeResponse(response: Buffer): Told {
  const packet = dnsPacket.decode(response);
  if (dnsPacket.decode.bytes !== response.length) throw new Error('there is more than the sections have');
  const opt = packet.additionals?.find((record): record is OptAnswer => record.type === 'OPT');
  return {
    id: packet.id ?? -1,
    rcode: (response.readUInt16BE(2) & 0xf) | ((opt?.extendedRcode ?? 0) << 4),
    aa: packet.flag_aa,
    tc: packet.flag_tc,
    answers: (packet.answers ?? []).map(lineOf),
    authorities: (packet.authorities ?? []).map(lineOf),
    opt,
    packet,
  };
}

function lineOf(record: Answer): string {
  if (record.type === 'OPT') return 'OPT';
  const data = typeof record.data === 'string' ? record.data : 'data';
  return `${record.name} ${record.ttl} ${record.type} ${data}`;
}
