import { stageText } from '../output/stage-names.ts';
import { duration, isoTime, timeAndAge } from '../output/time.ts';

/** A start as the API tells it; microseconds. */
type Start = readonly [
  beganAt: number,
  result: string,
  stages: readonly (readonly [stage: string, duration: number])[],
];

const perSecond = 1_000_000;

/** A start for programs. */
export function startAsJson([beganAt, result, stages]: Start) {
  return {
    began_at: isoTime(beganAt),
    result,
    seconds: totalOf(stages) / perSecond,
    stages: stages.map(([stage, took]) => ({ stage, seconds: took / perSecond })),
  };
}

/** A start for people: how it ended and what it took in all, then its stages. */
export function startAsPairs([beganAt, result, stages]: Start): [string, string][] {
  const took = duration(totalOf(stages) / 1000);
  return [
    ['Last start', `${result} after ${took}, on ${timeAndAge(beganAt)}`],
    ...stages.map(([stage, each]): [string, string] => [
      '',
      `${duration(each / 1000).padStart(took.length)}  ${stageText(stage)}`,
    ]),
  ];
}

function totalOf(stages: Start[2]): number {
  return stages.reduce((sum, [, took]) => sum + took, 0);
}
