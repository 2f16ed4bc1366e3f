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
  const end = document.lineAt(document.lineCount - 1).range.end;
  const edit = new t.vscode.WorkspaceEdit();
  edit.insert(document.uri, end, '# The end.\n');
  await t.vscode.workspace.applyEdit(edit);
  await document.save();
  assert.equal(document.getText(), `${t.expected('reports.py')}# The end.\n`);
  assert.equal(document.isDirty, false);
};
