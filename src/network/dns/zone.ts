import type { Answer } from 'dns-packet';
import { classIn, isOnlyForQuestions, rcode, type } from './codes.ts';
import type { Question } from './question.ts';

/** What the names of VMs lead to at this moment. */
export interface NameTable {
  /**
   * @param labels of a name below `vm.`, from the left and in lower case, such as `['web']`; never none
   * @returns the IPv4 addresses; none if there are only names below this one; nothing if there is no such name
   */
  find(labels: readonly string[]): readonly string[] | undefined;
}

/** What an answer has beside what all have. */
export interface DnsReply {
  rcode: number;
  authoritative: boolean;
  answers: readonly Answer[];
  authorities: readonly Answer[];
}

const apex = 'vm';
/**
 * Nothing is kept by a resolver: a VM that stops loses its name at once, and one that is made has it at once, though
 * somebody may have asked for it in vain a moment before. It costs one question over the loopback for each lookup.
 */
const ttl = 0;

const ns: Answer = { type: 'NS', name: apex, class: 'IN', ttl, data: 'localhost' };
const soa: Answer = {
  type: 'SOA',
  name: apex,
  class: 'IN',
  ttl,
  // Nobody transfers the zone, so its serial says nothing; the last number is for how long a "no" is kept.
  data: {
    mname: 'localhost',
    rname: 'nobody.invalid',
    serial: 1,
    refresh: 3600,
    retry: 600,
    expire: 86_400,
    minimum: ttl,
  },
};

/** A reply without any record. */
export function bare(code: number): DnsReply {
  return { rcode: code, authoritative: false, answers: [], authorities: [] };
}

/** Answers a question as the only server of `vm.` does. */
export function answer(question: Question, names: NameTable): DnsReply {
  const { labels, type: asked } = question;
  if (asked === 0 || asked === type.opt) return bare(rcode.formErr);
  if (question.class !== classIn || labels.at(-1) !== apex) return bare(rcode.refused);
  if (asked === type.axfr || asked === type.ixfr) return bare(rcode.refused);
  if (isOnlyForQuestions(asked)) return bare(rcode.notImp);
  const below = labels.slice(0, -1);
  if (below.length === 0) return found(ofApex(question.name, asked));
  const addresses = names.find(below);
  if (addresses === undefined) return { ...found([]), rcode: rcode.nxDomain };
  return found(asked === type.a || asked === type.any ? addressRecords(question.name, addresses) : []);
}

/** With the records that there are; without any, with what tells a resolver that there are none (RFC 2308). */
function found(answers: readonly Answer[]): DnsReply {
  return { rcode: rcode.noError, authoritative: true, answers, authorities: answers.length > 0 ? [] : [soa] };
}

function ofApex(name: string, asked: number): Answer[] {
  const wanted = [
    ...(asked === type.soa || asked === type.any ? [soa] : []),
    ...(asked === type.ns || asked === type.any ? [ns] : []),
  ];
  return wanted.map((record) => ({ ...record, name }));
}

function addressRecords(name: string, addresses: readonly string[]): Answer[] {
  return addresses.map((data) => ({ type: 'A', name, class: 'IN', ttl, data }));
}
