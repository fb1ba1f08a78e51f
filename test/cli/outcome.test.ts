/** How a command ends: its text, or one line that says why not, with the same for programs as JSON. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { doctorCommand } from '../../apps/cli/doctor.js';
import { printOutcome } from '../../apps/cli/outcome.js';
import { predictCommand } from '../../apps/cli/predict.js';
import { startBrowser } from '../../src/pack/checks/browser.js';
import { addModel, scratch, writeModel } from '../fixtures/models.js';
import { collected, pannierHere } from '../fixtures/terminal.js';

it('prints what there is', async () => {
  const ran = await collected(() => printOutcome(false, async () => 'all well\n'));
  expect(ran).toEqual({ status: 0, stdout: 'all well\n', stderr: '' });
});

it('says in one line what went wrong, and to programs in an object', async () => {
  const fail = async () => {
    throw new Error('no\nway\u001b[2K');
  };
  const line = expect.stringMatching(/^pannier: .*no way.*\n$/);
  expect(await collected(() => printOutcome(false, fail))).toEqual({ status: 1, stdout: '', stderr: line });
  const { stdout, stderr } = await collected(() => printOutcome(true, fail));
  expect(stderr).toEqual(line);
  expect(JSON.parse(stdout)).toEqual({
    error: { code: 'predict', message: expect.stringContaining('no'), detail: expect.any(Object) },
  });
});

describe.each([
  ['predict', predictCommand],
  ['doctor', doctorCommand],
] as const)('%s says in one line, before a browser starts, what is wrong with', (_name, command) => {
  it.each([
    ['no such model', ['gone'], 'options', /There is no file or folder gone, and there is no pannier\.config\.mjs here\./],
    ['a folder that is not packed', ['examples/pose'], 'options', /examples\/pose holds no model\.js/],
    ['a model.json that is none', ['package.json'], 'model-format', /modelTopology/],
    ['a flag', ['examples/pose', '--fast'], 'options', /--fast/],
  ])('%s', async (_what, args, code, message) => {
    const { status, stdout, stderr } = await collected(() => command.run([...args, '--json']));
    expect(status).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(stderr).toMatch(/^pannier: [^\n]*\n$/);
  });
});

describe('try says in one line, before a page opens, what is wrong with', () => {
  const folder = scratch();
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it.each<[string, () => readonly string[], RegExp]>([
    ['no model', () => [], /Say what to try/],
    ['half a model.json', () => [file('half.json', '{"modelTopology": {"node": [')], /half\.json/],
    [
      'a model.json without outputs',
      () => [file('empty.json', '{"format": "graph-model", "modelTopology": {"node": []}, "weightsManifest": []}')],
      /empty\.json has no outputs|modelTopology/,
    ],
    ['a model.json that is none', () => ['package.json'], /package\.json has no modelTopology/],
    ['no such file', () => ['gone.json'], /There is no gone\.json; that folder has .*package\.json/],
    ['a folder that is not packed', () => ['examples/pose'], /examples\/pose holds no model\.js/],
    ['a port', () => ['examples/pose/model', '--port', '99999'], /--port is "99999"/],
    ['a flag', () => ['examples/pose/model', '--fast'], /--fast/],
  ])('%s', async (_what, args, message) => {
    const { status, stdout, stderr } = await pannierHere(['try', '--no-open', ...args()]);
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: expect.stringMatching(/^pannier: [^\n]*\n$/) });
    expect(stderr).toMatch(message);
  });

  it('a name of a config', async () => {
    const model = writeModel(addModel(), join(folder, 'sum'));
    file('pannier.config.mjs', `export default { models: { total: { model: ${JSON.stringify(model)}, out: 'nowhere' } } };`);
    const before = process.cwd();
    process.chdir(folder);
    onTestFinished(() => process.chdir(before));
    expect((await pannierHere(['try', 'total', '--no-open'])).stderr).toMatch(
      /^pannier: pannier try takes no name of a config\. Give the file: pannier try sum\/model\.json\. /,
    );
  });
});

describe('a browser', () => {
  const start = (path?: string) => startBrowser({ url: 'about:blank', path, webgpu: 'no', onUndo: () => undefined });
  afterEach(() => vi.unstubAllEnvs());

  it('that is not there is told by who named it', async () => {
    await expect(start('/nonexistent')).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringMatching(
        /^--browser names \/nonexistent, which is not a program\. Give the path of a Chromium, Chrome or Edge\./,
      ),
    });
    vi.stubEnv('PANNIER_CHROMIUM', '/nonexistent');
    await expect(start()).rejects.toMatchObject({ message: expect.stringMatching(/^PANNIER_CHROMIUM names \/nonexistent/) });
  });

  it('that is another program is told so', async () => {
    await expect(start(process.execPath)).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringMatching(/did not start.*Is it a Chromium/),
    });
  });
});
