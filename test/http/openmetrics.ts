import assert from 'node:assert/strict';

/** A sample of a text of figures. */
export interface MetricSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/;
const number = /[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i;
const sampleLine = new RegExp(
  `^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{((?:${label.source}(?:,(?=[a-zA-Z_]))?)*)\\})? (${number.source})$`,
  'i',
);
const descriptor = /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/;

/** Reads a text by the grammar and the rules of OpenMetrics 1.0, as far as counters and gauges go. Fails where it breaks them. */
export function readMetrics(text: string): MetricSample[] {
  assert.ok(text.endsWith('\n# EOF\n') && !/^# EOF$/m.test(text.slice(0, -7)), 'it ends in # EOF, once');
  const samples: MetricSample[] = [];
  const seen = new Set<string>();
  let family = { name: '', type: '', unit: '', help: '' };
  let hasSamples = false;
  for (const line of text.split('\n').slice(0, -2)) {
    const [, word = '', name = '', rest = ''] = descriptor.exec(line) ?? [];
    if (word !== '') {
      if (name !== family.name) {
        assert.ok(!seen.has(name), `the lines of ${name} stand together`);
        seen.add(name);
        family = { name, type: '', unit: '', help: '' };
        hasSamples = false;
      }
      assert.ok(!hasSamples, `${line} comes before the samples`);
      const key = word.toLowerCase() as 'type' | 'unit' | 'help';
      assert.equal(family[key], '', `one ${word} of ${name}`);
      family[key] = rest;
      if (word === 'TYPE') assert.match(rest, /^(counter|gauge)$/);
      if (word === 'UNIT') assert.ok(name.endsWith(`_${rest}`), `${name} ends in its unit`);
      continue;
    }
    samples.push(readSample(line, family));
    hasSamples = true;
  }
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
  assert.equal(new Set(keys).size, keys.length, 'no sample stands twice');
  return samples;
}

function readSample(line: string, family: { name: string; type: string }): MetricSample {
  const [, name = '', labels = ''] = sampleLine.exec(line) ?? assert.fail(`no sample: ${line}`);
  assert.equal(name, family.type === 'counter' ? `${family.name}_total` : family.name);
  const pairs = [...labels.matchAll(new RegExp(label, 'g'))].map(([, key = '', value = '']) => [
    key,
    value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped)),
  ]);
  const value = Number(line.slice(line.lastIndexOf(' ') + 1));
  if (family.type === 'counter') assert.ok(value >= 0);
  return { name, labels: Object.fromEntries(pairs), value };
}
