import dnsPacket, { type Answer } from 'dns-packet';
import { dnsFlags, dnssecOk, echoedFlags } from './codes.ts';
import { type Query, readQuery } from './query.ts';
import { answer, bare, type DnsReply, type NameTable } from './zone.ts';

/** How a message came: what it may be answered with. */
export type Transport = 'udp' | 'tcp';

/** What every client takes, and what fits into a packet of any network (RFC 1035, 4.2.1; dnsflagday.net/2020). */
const minPayload = 512;
const maxPayload = 1232;
const maxByTcpLength = 65_535;
const headerLength = 12;

/**
 * Answers a message, whatever is in it.
 * @returns the response, or nothing if there is to be none
 */
export function respond(message: Buffer, names: NameTable, transport: Transport): Buffer | undefined {
  const read = readQuery(message);
  if (!read) return undefined;
  const { query } = read;
  const reply = 'fault' in read ? bare(read.fault) : answer(read.query.question, names);
  const whole = encode(query, reply, 0);
  if (whole.length <= maxBytes(query, transport)) return whole;
  // The client asks again by TCP.
  return encode(query, { ...reply, answers: [], authorities: [] }, dnsFlags.truncated);
}

function maxBytes({ edns }: Query, transport: Transport): number {
  if (transport === 'tcp') return maxByTcpLength;
  return Math.min(Math.max(edns?.payload ?? 0, minPayload), maxPayload);
}

function encode(
  query: Query,
  { rcode, authoritative, answers, authorities }: DnsReply,
  truncated: number,
): Buffer {
  const packet = dnsPacket.encode({
    type: 'response',
    id: query.id,
    flags:
      (query.flags & echoedFlags) | (authoritative ? dnsFlags.authoritative : 0) | truncated | (rcode & 0xf),
    answers: [...answers],
    authorities: [...authorities],
    additionals: query.edns ? [optRecord(rcode, query.edns.flags)] : [],
  });
  if (!query.question) return packet;
  // The question goes back as it came. Nothing behind it points anywhere, so it can be put in.
  packet.writeUInt16BE(1, 4);
  return Buffer.concat([
    packet.subarray(0, headerLength),
    query.question.wire,
    packet.subarray(headerLength),
  ]);
}

function optRecord(rcode: number, flags: number): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: maxPayload,
    extendedRcode: rcode >> 4,
    ednsVersion: 0,
    flags: flags & dnssecOk,
    flag_do: (flags & dnssecOk) !== 0,
    options: [],
  };
}
