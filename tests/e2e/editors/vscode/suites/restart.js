// A server that is killed is started again; the command starts another one, too.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  const { document } = await t.open('pool.py');
  await t.findings('pool.py', 1);
  const another = (before) => t.until('another server', () => {
    const running = t.servers();
    return running.length === 1 && running[0].pid !== before && running[0].pid;
  });
  const first = await another(0);
  process.kill(first, 'SIGKILL');
  const second = await another(first);
  const edit = new t.vscode.WorkspaceEdit();
  edit.insert(document.uri, document.positionAt(0), '"""A pool."""\n');
  await t.vscode.workspace.applyEdit(edit);
  const moved = (one) => document.getText(one.range) === 'self._active.pop(name, None)';
  await t.findings('pool.py', 1, moved);

  await t.vscode.commands.executeCommand('review-lsp.restart');
  const third = await another(second);
  await t.findings('pool.py', 1, moved);
  assert.notEqual(third, first);
};
