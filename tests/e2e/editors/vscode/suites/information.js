// The debug information names the server that runs, and only what somebody set.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  await t.open('pool.py');
  await t.findings('pool.py', 1);
  await t.set('profile', 'strict');
  await t.vscode.commands.executeCommand('review-lsp.debugInformation');
  const shown = () => JSON.parse(t.vscode.window.activeTextEditor.document.getText());
  const about = shown();
  assert.match(about.launch.origin, /PATH/);
  assert.deepEqual(about.settings, { profile: 'strict' });
  assert.equal(about.server.channel, 'pull');
  assert.equal(about.server.capabilities.wants_status, true);

  await t.vscode.commands.executeCommand('review-lsp.showConfiguration');
  const [project] = shown();
  assert.equal(project.options.profile.value, 'strict');
  assert.match(project.options.profile.origin, /^editor/);
  assert.equal(project.options.ignore.origin, 'default');

  await t.open('pool.py');
  await t.vscode.commands.executeCommand('review-lsp.ruleTimings');
  assert.ok(shown().some((row) => row.rule === 'unguarded-write'));
  await t.vscode.commands.executeCommand('review-lsp.restartIndex');
};
