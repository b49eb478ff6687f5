/** Numbers of the DNS that the server tells apart; see the IANA's "Domain Name System (DNS) Parameters". */

export const rcode = { noError: 0, formErr: 1, nxDomain: 3, notImp: 4, refused: 5, badVers: 16 } as const;

export const dnsFlags = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200 } as const;
/** What a response has as the query had it: the opcode, RD and CD. */
export const echoedFlags = 0x7800 | 0x0100 | 0x0010;
/** The DO bit of an OPT record, which a response has as the query had it (RFC 3225, 3). */
export const dnssecOk = 0x8000;

export const classIn = 1;

export const type = { a: 1, ns: 2, soa: 6, opt: 41, ixfr: 251, axfr: 252, any: 255 } as const;

/** Checks whether a type is one that only questions may have, other than those above (RFC 6895, 3.1). */
export function isOnlyForQuestions(number: number): boolean {
  return number >= 128 && number < 255;
}
