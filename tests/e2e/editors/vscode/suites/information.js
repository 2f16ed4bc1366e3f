// The debug information names the server that runs, and only what somebody set.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  await t.open('pool.py');
  await t.findings('pool.py', 1);
  await t.set('profile', 'strict');
  await t.vscode.commands.executeCommand('review-lsp.debugInformation');
  const about = JSON.parse(t.vscode.window.activeTextEditor.document.getText());
  assert.equal(about.server.name, 'review-lsp');
  assert.match(about.launch.origin, /PATH/);
  assert.deepEqual(about.settings, { profile: 'strict' });
  assert.ok(about.capabilities.codeActionProvider);
};
