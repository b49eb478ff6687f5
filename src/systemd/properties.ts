import type { Plain } from '../bus/values.ts';
import { Typed } from '../bus/values.ts';
import type { Program } from '../common/program.ts';
import type { UnitSpec } from '../supervise/units.ts';
import { confinement } from './confinement.ts';

/** One property as StartTransientUnit takes it. */
export type Property = readonly [name: string, value: Typed];

const ownerVariable = 'BANGER_STATE_DIRECTORY';
const slice = 'banger.slice';
/** From the request until the program is executed. */
const startTimeoutS = 20;
/** More than src/powerdown/main.ts takes at most, and less than the 120 s that a logout or a shutdown gives all units. */
const stopTimeoutS = 90;
/** Takes nothing along of the environment of the manager, in which logins and desktops leave what they like. */
const cleanEnvironment = '/usr/bin/env';

/**
 * A transient unit for a program, see docs/units.md for the reasons.
 * @param isConfined whether it is kept from what it does not need, for which the host must allow namespaces
 */
export function transientProperties(spec: UnitSpec, isConfined: boolean): Property[] {
  return [
    ['Description', new Typed('s', spec.description)],
    // It stays until its end was read: we are told how it ended also if it ends while we look away.
    ['AddRef', new Typed('b', true)],
    ['Slice', new Typed('s', slice)],
    ['Type', new Typed('s', 'exec')],
    ['ExecStart', command(inCleanEnvironment(spec), { mayFail: false })],
    ['ExecStop', command(spec.powerDown, { mayFail: true })],
    ['ExecStopPost', command(lastWords(spec.logFile), { mayFail: true })],
    ['Environment', new Typed('as', [`${ownerVariable}=${spec.stateDirectory}`])],
    ['WorkingDirectory', new Typed('s', '/')],
    ['TimeoutStartUSec', microseconds(startTimeoutS)],
    ['TimeoutStopUSec', microseconds(stopTimeoutS)],
    ['KillMode', new Typed('s', 'mixed')],
    ['OOMPolicy', new Typed('s', 'stop')],
    ['MemoryMax', new Typed('t', spec.memoryBytes)],
    ['TasksMax', new Typed('t', spec.tasks)],
    ['CPUWeight', new Typed('t', spec.cpuWeight)],
    ['LimitCORE', new Typed('t', 0)],
    ['LimitCORESoft', new Typed('t', 0)],
    ['UMask', new Typed('u', 0o077)],
    ['StandardInput', new Typed('s', 'null')],
    ['StandardOutput', new Typed('s', 'journal')],
    ['StandardErrorFileToAppend', new Typed('s', spec.logFile)],
    ['SyslogIdentifier', new Typed('s', spec.unit.replace(/\.service$/, ''))],
    ...(isConfined ? confinement(spec.files, spec.isInHostNetwork === true) : []),
  ];
}

/** The state directory whose daemon started a unit. @param environment the unit's property of that name */
export function findOwner(environment: Plain | undefined): string | undefined {
  const assignments = Array.isArray(environment) ? environment.map(String) : [];
  const mine = assignments.find((assignment) => assignment.startsWith(`${ownerVariable}=`));
  return mine?.slice(ownerVariable.length + 1);
}

function inCleanEnvironment({ program, environment }: UnitSpec): Program {
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return { file: cleanEnvironment, args: ['-i', ...assignments, program.file, ...program.args] };
}

/** What the program said goes to a file, in which the reason of a start that failed is looked up; the journal has it too. */
function lastWords(logFile: string): Program {
  return { file: '/usr/bin/tail', args: ['-n', '20', logFile] };
}

/**
 * A command, with `$` as it is. systemd 252 damages each `$` when it reads its units anew, of what is run later; it does
 * not even know ExecStartEx again, which has a flag for this, and then forgets all that is to be run.
 */
function command({ file, args }: Program, { mayFail }: { mayFail: boolean }): Typed {
  const literal = args.map((argument) => argument.replaceAll('$', '$$$$'));
  return new Typed('a(sasb)', [[file, [file, ...literal], mayFail]]);
}

function microseconds(seconds: number): Typed {
  return new Typed('t', seconds * 1_000_000);
}
