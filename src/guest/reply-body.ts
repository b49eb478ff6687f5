/** How deep the JSON of the agent nests at most: a list of ports, in an object, is three. */
const maxDepth = 8;

/** The JSON of a body; nothing if it is none, or nests deeper than any reply: that would take long to read. */
export function parseBody(bytes: Buffer): unknown {
  if (isTooDeep(bytes)) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isTooDeep(bytes: Buffer): boolean {
  const [quote, backslash, list, object, listEnd, objectEnd] = Buffer.from('"\\[{]}');
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isInString) {
      if (byte === backslash) at++;
      else if (byte === quote) isInString = false;
    } else if (byte === quote) {
      isInString = true;
    } else if (byte === list || byte === object) {
      if (++depth > maxDepth) return true;
    } else if (byte === listEnd || byte === objectEnd) {
      depth--;
    }
  }
  return false;
}
