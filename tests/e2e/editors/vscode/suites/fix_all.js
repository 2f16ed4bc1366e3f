// All safe fixes of the file by the command, and on save when the user wants that.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  const { document } = await t.open('reports.py');
  await t.findings('reports.py', 2);
  await t.vscode.commands.executeCommand('review-lsp.fixAll');
  await t.until('the fixes', () => document.getText() === t.expected('reports.py'));
  await t.findings('reports.py', 0);

  await t.vscode.commands.executeCommand('undo');
  await t.findings('reports.py', 2);
  const settings = t.vscode.workspace.getConfiguration('editor');
  const saving = { 'source.fixAll.review': 'explicit' };
  await settings.update('codeActionsOnSave', saving, t.vscode.ConfigurationTarget.Workspace);
  await t.until('the fixes on save', async () => {
    const edit = new t.vscode.WorkspaceEdit();
    edit.insert(document.uri, document.lineAt(document.lineCount - 1).range.end, '# More.\n');
    await t.vscode.workspace.applyEdit(edit);
    await document.save();
    return document.getText().startsWith(t.expected('reports.py'));
  });
  assert.equal(document.isDirty, false);
};
