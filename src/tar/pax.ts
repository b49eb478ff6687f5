import { TarError } from './header.ts';

/** What pax headers say of the entry that follows; what is absent stands in its own header. */
export interface PaxFields {
  path?: Buffer;
  linkpath?: Buffer;
  size?: number;
  mtime?: number;
}

/** Records that change what an entry is in ways we do not know. */
const refused = /^(GNU\.sparse\.|hdrcharset$)/;

/**
 * Reads the records of a pax header, `LENGTH KEY=VALUE\n` each, see pax(1). Keys that do not bear on the
 * contents, such as times of access and extended attributes, are passed over.
 * @throws TarError
 */
export function parsePax(data: Buffer): PaxFields {
  const fields: PaxFields = {};
  for (let at = 0; at < data.length; ) {
    const blank = data.indexOf(0x20, at);
    const digits = blank < 0 ? '' : data.toString('latin1', at, Math.min(blank, at + 16));
    const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = data.indexOf(0x3d, blank);
    if (length === 0 || end > data.length || equals < 0 || equals >= end || data[end - 1] !== 0x0a) {
      throw new TarError('an extended header is damaged');
    }
    set(fields, data.toString('latin1', blank + 1, equals), Buffer.from(data.subarray(equals + 1, end - 1)));
    at = end;
  }
  return fields;
}

function set(fields: PaxFields, key: string, value: Buffer): void {
  if (refused.test(key)) throw new TarError(`it uses ${key}, which is not understood`);
  if (key === 'path') fields.path = value;
  else if (key === 'linkpath') fields.linkpath = value;
  else if (key === 'size') fields.size = decimal(value, /^\d{1,15}$/, key);
  else if (key === 'mtime') fields.mtime = decimal(value, /^-?\d{1,15}(\.\d*)?$/, key);
}

function decimal(value: Buffer, form: RegExp, key: string): number {
  const text = value.toString('latin1');
  if (!form.test(text)) throw new TarError(`the ${key} in an extended header is not a number`);
  return Number(text);
}
