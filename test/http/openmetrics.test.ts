import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Family, formatMetrics } from '../../src/http/openmetrics.ts';
import { readMetrics } from './openmetrics.ts';

const gauge: Family = {
  name: 'a_b_bytes',
  type: 'gauge',
  unit: 'bytes',
  help: 'Some "help" \\ of\ntwo lines',
  samples: [],
};

test('families are written as OpenMetrics has them, to the letter', () => {
  const text = formatMetrics([
    { ...gauge, samples: [[{ name: 'web', id: '1' }, 12.5]] },
    { name: 'c', type: 'counter', help: 'Count', samples: [[{ name: 'web' }, 3]] },
  ]);
  assert.equal(
    text,
    `# TYPE a_b_bytes gauge
# UNIT a_b_bytes bytes
# HELP a_b_bytes Some \\"help\\" \\\\ of\\ntwo lines
a_b_bytes{name="web",id="1"} 12.5
# TYPE c counter
# HELP c Count
c_total{name="web"} 3
# EOF
`,
  );
});

test('labels may be any text, and numbers of any size', () => {
  for (const name of ['"', '\\', '\n', '\\n', 'a"} 1\n# EOF', 'ü💥', '', ',', '}']) {
    for (const value of [0, 1e21, 1.5e-7, 2 ** 53, 0.1 + 0.2]) {
      const text = formatMetrics([{ ...gauge, samples: [[{ name, id: 'x' }, value]] }]);
      assert.deepEqual(readMetrics(text), [{ name: 'a_b_bytes', labels: { name, id: 'x' }, value }]);
    }
  }
});

test('no figures at all are a text, too', () => {
  assert.deepEqual(readMetrics(formatMetrics([gauge])), []);
});
