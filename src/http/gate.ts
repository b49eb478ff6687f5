import type { IncomingMessage } from 'node:http';

/** What a request asks for that cannot be given. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Nothing that asks us has so many. */
const maxHeaders = 64;
/**
 * The names that we are asked by: curl's `http://localhost/`, that of docs/monitoring.md, and a proxy's on this host.
 * A web page that has its own name lead to this host asks by its own.
 */
const ownNames = /^(?:|(?:localhost|banger|127\.0\.0\.1|\[::1\])(?::\d{1,5})?)$/i;

/**
 * Checks that a request is from a program of the user's and not from a web page that somebody's browser has open,
 * should a proxy bring it here.
 * @returns the request's target
 * @throws Refusal
 */
export function checkRequest(request: IncomingMessage): URL {
  const { headers, rawHeaders } = request;
  if (rawHeaders.length > 2 * maxHeaders) throw new Refusal(431, `more than ${maxHeaders} headers`);
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) throw new Refusal(400, 'more than one Host');
  const url = URL.parse(request.url ?? '', 'http://banger');
  if (!url) throw new Refusal(400, 'the path is not one');
  if (!ownNames.test(headers.host ?? '') || !ownNames.test(url.host)) {
    throw new Refusal(421, 'this is banger: the host is banger or localhost');
  }
  const site = headers['sec-fetch-site'];
  if (headers.origin !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin')) {
    throw new Refusal(403, 'web pages are not served');
  }
  return url;
}

/** The most headers that are looked at, so that one more is noticed. */
export const headersRead = maxHeaders + 1;
