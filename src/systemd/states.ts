import type { Bus } from '../bus/connection.ts';
import type { Plain } from '../bus/values.ts';
import type { RunResult } from './ends.ts';
import { callManager, isRefusal, serviceInterface, unitInterface, unitProperty } from './manager.ts';

/** What a unit is at the moment. */
export interface UnitState {
  active: string;
  hasJob: boolean;
  /** Empty if it never ran. */
  invocationId: string;
}

const restingStates: readonly Plain[] = ['inactive', 'failed'];

/** Checks whether nothing of a unit in that state runs; one that has a job may be about to. */
export function rests(active: Plain | undefined): boolean {
  return active !== undefined && restingStates.includes(active);
}

export async function getUnitState(bus: Bus, unit: string): Promise<UnitState> {
  const get = (name: string) => unitProperty(bus, unit, unitInterface, name);
  const [id, active, job] = await Promise.all([get('InvocationID'), get('ActiveState'), get('Job')]);
  return {
    active: String(active),
    hasJob: (job as readonly Plain[])[0] !== 0,
    invocationId: Buffer.from(id as number[]).toString('hex'),
  };
}

/** What a unit is, if the manager knows it. A look at another has it search its files. */
export async function findLoadedState(bus: Bus, unit: string): Promise<UnitState | undefined> {
  try {
    await callManager(bus, 'GetUnit', 's', [unit]);
  } catch (error) {
    if (isRefusal(error, 'NoSuchUnit')) return undefined;
    throw error;
  }
  return await getUnitState(bus, unit);
}

/** A property of a unit as a service. */
export function serviceProperty(bus: Bus, unit: string, name: string): Promise<Plain> {
  return unitProperty(bus, unit, serviceInterface, name);
}

/** How the last run of a unit went. */
export async function readRunResult(bus: Bus, unit: string): Promise<RunResult> {
  const [result, code, status] = await Promise.all(
    ['Result', 'ExecMainCode', 'ExecMainStatus'].map((name) => serviceProperty(bus, unit, name)),
  );
  return { Result: String(result), ExecMainCode: Number(code), ExecMainStatus: Number(status) };
}
