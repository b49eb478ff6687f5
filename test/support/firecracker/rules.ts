import type { Operation } from './api.ts';
import type { ApiRequest } from './validator.ts';

type Body = Readonly<Record<string, unknown>>;

/** What the description has only in words, and what banger owes its users; for bodies that are right in form. */
const rules: Readonly<Record<string, (body: Body) => string | undefined>> = {
  'PUT /drives/{id}': (drive) => {
    if (drive.path_on_host === undefined || drive.is_read_only === undefined)
      return 'a drive in a file needs path_on_host and is_read_only';
    if (drive.socket !== undefined) return 'a drive in a file has no socket';
    // The default drops what the guest has flushed when the host goes down.
    if (drive.is_read_only === false && drive.cache_type !== 'Writeback')
      return 'a writable drive needs the cache_type Writeback';
    return undefined;
  },
  'PUT /machine-config': ({ smt, vcpu_count }) =>
    smt === true && vcpu_count !== 1 && Number(vcpu_count) % 2 !== 0
      ? 'with smt the number of vCPUs is even'
      : undefined,
  'PUT /boot-source': ({ boot_args }) =>
    // COMMAND_LINE_SIZE of the kernel on x86, with the terminating zero.
    typeof boot_args === 'string' && boot_args.length > 2047
      ? 'the kernel would cut boot_args off'
      : undefined,
};

/** Says which of these rules a request breaks. */
export function ruleViolations({ method, path }: Operation, request: ApiRequest): string[] {
  const body = typeof request.body === 'object' && request.body !== null ? { ...request.body } : {};
  const broken = [idViolation(path, request.path, body), rules[`${method} ${path}`]?.(body)];
  return broken.filter((violation) => violation !== undefined);
}

/** A device's name stands in the path and, again, in the body. */
function idViolation(template: string, path: string, body: Body): string | undefined {
  if (!template.endsWith('/{id}')) return undefined;
  const id = path.slice(template.length - '{id}'.length);
  if (!/^[A-Za-z0-9_]+$/.test(id))
    return `${JSON.stringify(id)} is no name for a device: letters, digits and _`;
  return body.drive_id === id || body.iface_id === id ? undefined : 'the ids in path and body differ';
}
