import dnsPacket, { type OptAnswer } from 'dns-packet';
import { dnsFlags, rcode } from './codes.ts';
import { type Question, readQuestion } from './question.ts';

/** What a query says of itself beside its question (RFC 6891). */
export interface Edns {
  version: number;
  /** How long an answer by UDP may be. */
  payload: number;
  flags: number;
}

/** The header of a query, and as much of the rest as can be read. */
export interface Query {
  id: number;
  flags: number;
  question?: Question;
  edns?: Edns;
}

/** A query that can be answered, or why it cannot. */
export type Read = { query: Query & { question: Question } } | { query: Query; fault: number };

const headerLength = 12;
/** The counts of a header's sections, by where they are. */
const counts = { questions: 4, answers: 6, authorities: 8, additionals: 10 } as const;
/** OPT, and TSIG or SIG(0), of which this server knows no key. */
const maxAdditionals = 2;

/**
 * Reads a query.
 * @returns nothing for what must not be answered: a response, which may come from a server like this one, and what
 *   has no header
 */
export function readQuery(message: Buffer): Read | undefined {
  if (message.length < headerLength) return undefined;
  const flags = message.readUInt16BE(2);
  if (flags & dnsFlags.response) return undefined;
  const query: Query = { id: message.readUInt16BE(0), flags };
  const opcode = (flags >> 11) & 0xf;
  if (opcode !== 0) return { query, fault: rcode.notImp };
  // Checked before anything is read, so that no message makes work out of proportion to its length.
  const [questions, answers, authorities, additionals] = Object.values(counts).map((at) =>
    message.readUInt16BE(at),
  );
  const formErr = { query, fault: rcode.formErr };
  // A query has one question (RFC 9619), and nothing but what is additional to it.
  if (questions !== 1 || answers !== 0 || authorities !== 0) return formErr;
  if (additionals === undefined || additionals > maxAdditionals) return formErr;
  const question = readQuestion(message);
  if (!question) return formErr;
  const options = readOptions(message);
  if (options === undefined || options.length > 1) return formErr;
  const [opt] = options;
  if (!opt) return { query: { ...query, question } };
  const edns = { version: opt.ednsVersion, payload: opt.udpPayloadSize, flags: opt.flags };
  if (edns.version !== 0) return { query: { ...query, question, edns }, fault: rcode.badVers };
  return { query: { ...query, question, edns } };
}

/** The OPT records of a message; nothing if the message is none, or one does not belong to the root. */
function readOptions(message: Buffer): OptAnswer[] | undefined {
  try {
    const { additionals = [] } = dnsPacket.decode(message);
    // There is more than the header announced, or less than a length inside of it.
    if (dnsPacket.decode.bytes !== message.length) return undefined;
    const options = additionals.filter((record) => record.type === 'OPT');
    return options.every(({ name }) => name === '.') ? options : undefined;
  } catch {
    // It throws errors of several kinds for what is no message.
    return undefined;
  }
}
