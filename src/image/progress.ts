import type { Work } from '../work/work.ts';

/** What mmdebstrap says when a stage begins, and how many lines each package then makes. */
const stages: readonly { says: RegExp; name: string; linesPerPackage: number }[] = [
  { says: /^I: running apt-get update/, name: 'image-index', linesPerPackage: 0 },
  { says: /^I: downloading packages with apt/, name: 'image-download', linesPerPackage: 1 },
  { says: /^I: extracting archives/, name: 'image-base', linesPerPackage: 2 },
  { says: /^I: installing remaining packages/, name: 'image-packages', linesPerPackage: 3 },
  {
    says: /^I: running special hook|^I: running --customize-hook/,
    name: 'image-customize',
    linesPerPackage: 0,
  },
  { says: /^I: creating tarball/, name: 'image-pack', linesPerPackage: 0 },
];

/**
 * Gives a reader of what mmdebstrap --verbose says that tells the work where it is: per stage, by the
 * packages that were downloaded, unpacked and set up.
 */
export function bootstrapProgress(work: Work): (text: string) => void {
  let rest = '';
  let stage: (typeof stages)[number] | undefined;
  let packages = 0;
  let lines = 0;
  let told = 0;
  const read = (line: string) => {
    const next = stages.find((candidate) => candidate.says.test(line));
    if (next && next !== stage) {
      stage = next;
      [lines, told] = [0, 0];
      work.stage(stage.name);
    }
    const count = /^\d+ upgraded, (\d+) newly installed/.exec(line)?.[1];
    if (count) packages = Number(count);
    if (!stage?.linesPerPackage || packages === 0 || !/^(Get:\d+|Unpacking|Setting up) /.test(line)) return;
    lines++;
    const progress = Math.min(1, lines / (packages * stage.linesPerPackage));
    // A percent at a time is all that anybody can see.
    if (progress - told < 0.01 && progress < 1) return;
    told = progress;
    work.stage(stage.name, progress);
  };
  return (text) => {
    const complete = (rest + text).split(/[\r\n]/);
    // A program that ends no line is not collected without bound.
    rest = (complete.pop() ?? '').slice(-4096);
    for (const line of complete) read(line);
  };
}
