import type { Store } from './database.ts';

/** One start of a VM: when it began, how it ended and how long each stage took. Microseconds. */
export interface StartRecord {
  beganAt: number;
  result: 'done' | 'failed' | 'cancelled';
  stages: readonly (readonly [stage: string, duration: number])[];
}

/** How many starts of a VM are remembered. */
const kept = 20;

/** Records a start and forgets those of this VM that are too old; does nothing if the VM is gone. */
export function addStart(store: Store, vmId: string, { beganAt, result, stages }: StartRecord): void {
  store
    .prepare(
      `INSERT OR REPLACE INTO starts (vm_id, began_at, result, stages)
       SELECT id, ?, ?, ? FROM vms WHERE id = ?`,
    )
    .run(beganAt, result, JSON.stringify(stages), vmId);
  store
    .prepare(
      `DELETE FROM starts WHERE vm_id = @vmId AND began_at NOT IN
       (SELECT began_at FROM starts WHERE vm_id = @vmId ORDER BY began_at DESC LIMIT ${kept})`,
    )
    .run({ vmId });
}

/** The starts of a VM that are remembered, newest first. */
export function readStarts(store: Store, vmId: string): StartRecord[] {
  const rows = store
    .prepare<[string], { beganAt: number; result: StartRecord['result']; stages: string }>(
      'SELECT began_at AS beganAt, result, stages FROM starts WHERE vm_id = ? ORDER BY began_at DESC',
    )
    .all(vmId);
  return rows.map((row) => ({ ...row, stages: JSON.parse(row.stages) }));
}
