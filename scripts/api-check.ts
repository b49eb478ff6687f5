/** Checks that dbus/*.xml documents the whole API, and nothing that the code does not have. */
import { features } from '../src/api/manager.ts';
import { optionTypes } from '../src/bus/options.ts';
import { stageCodes } from '../src/cli/output/stage-names.ts';
import { errorCodes } from '../src/common/error-table.ts';
import { logLevels } from '../src/config/table.ts';
import { jobResults } from '../src/job/jobs.ts';
import { networkModes, wantedNetworks } from '../src/network/attachment.ts';
import { operationKinds, vmStates } from '../src/vm/operation/table.ts';
import type { Arg, Interface, Member } from './dbus-xml.ts';

/** The values of properties in the code; the documentation has to name the same. */
export const valuesOf: Readonly<Record<string, readonly string[]>> = {
  'org.banger.Job1.Kind': operationKinds,
  'org.banger.Job1.Stage': stageCodes,
  'org.banger.Job1.State': ['running', ...jobResults],
  'org.banger.Manager1.Features': features,
  'org.banger.Manager1.LogLevel': logLevels,
  'org.banger.VM1.Network': networkModes,
  'org.banger.VM1.State': vmStates,
  'org.banger.VM1.WantedNetwork': wantedNetworks,
};

/** The text of an argument of the type of options that has no key. */
const noKeys = 'None yet.';

/** Lists the errors in an interface's documentation, one line each. */
export function problemsOf(iface: Interface): string[] {
  const own = iface.doc?.text ? [] : [`${iface.name} is not documented`];
  return [
    ...own,
    ...iface.members.flatMap((member) => problemsOfMember(`${iface.name}.${member.name}`, member)),
  ];
}

function problemsOfMember(where: string, { kind, emits, args, doc }: Member): string[] {
  if (!doc?.text) return [`${where} is not documented`];
  const known = new Set(args.map(({ name }) => name));
  return [
    ...args.flatMap((arg) => problemsOfArg(where, arg, doc)),
    ...[...doc.args.keys()]
      .filter((name) => !known.has(name))
      .map((name) => `${where} has no argument ${name}`),
    ...(kind === 'property' && emits !== 'true' && emits !== 'const'
      ? [`${where}: EmitsChangedSignal must be true or const, not ${emits || 'absent'}`]
      : []),
    ...(kind === 'method' ? problemsOfErrors(where, args, doc) : []),
    ...problemsOfValues(where, doc.values),
  ];
}

function problemsOfArg(
  where: string,
  { name, type, direction, entries }: Arg,
  doc: NonNullable<Member['doc']>,
): string[] {
  const text = doc.args.get(name);
  if (text === undefined) return [`${where}: the argument ${name} is not documented`];
  if (type === 'a{sv}') {
    const wrong = entries.find((entry) => direction === 'in' && !Object.hasOwn(optionTypes, entry.type));
    return [
      ...(entries.length > 0 || text === noKeys ? [] : [`${where}: the keys of ${name} are not documented`]),
      ...(direction === 'in' && name !== 'options' ? [`${where}: ${name} must be named options`] : []),
      ...(wrong ? [`${where}: an option cannot have the type ${wrong.type}`] : []),
    ];
  }
  const [, fields = ''] = /^a\((.*)\)$/.exec(type) ?? [];
  const told = entries.map((entry) => entry.type).join('');
  return told === fields
    ? []
    : [`${where}: the fields of ${name} are ${fields || 'none'}, not ${told || 'none'}`];
}

function problemsOfErrors(where: string, args: readonly Arg[], doc: NonNullable<Member['doc']>): string[] {
  const hasJob = args.some(({ name, direction }) => name === 'job' && direction === 'out');
  return [
    ...(doc.errors ? [] : [`${where}: its errors are not documented`]),
    ...(hasJob === (doc.jobErrors !== undefined)
      ? []
      : [`${where}: it has ${hasJob ? 'a' : 'no'} job that fails`]),
    ...[...(doc.errors ?? []), ...(doc.jobErrors ?? [])]
      .filter((code) => !errorCodes.some((known) => known === code))
      .map((code) => `${where}: there is no error ${code}`),
  ];
}

function problemsOfValues(where: string, told: readonly string[] | undefined): string[] {
  const values = valuesOf[where];
  if (told === undefined && values === undefined) return [];
  const [documented, real] = [new Set(told), new Set(values)];
  const missing = [...real].filter((value) => !documented.has(value));
  const wrong = [...documented].filter((value) => !real.has(value));
  return [
    ...missing.map((value) => `${where} can be ${value}, which is not documented`),
    ...wrong.map((value) => `${where} cannot be ${value}`),
  ];
}
