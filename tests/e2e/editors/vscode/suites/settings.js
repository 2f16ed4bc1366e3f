// A default does not hide the project's file; what the user sets goes before it, at once.
const fs = require('node:fs');
const { DiagnosticSeverity } = require('vscode');

module.exports = async (t) => {
  const file = t.uri('pyproject.toml').fsPath;
  fs.writeFileSync(file, "[tool.review-lsp.severity]\nunguarded-write = 'hint'\n");
  await t.open('pool.py');
  const as = (severity) => (one) => one.severity === severity;
  await t.findings('pool.py', 1, as(DiagnosticSeverity.Hint));
  await t.set('severity', { 'unguarded-write': 'error' });
  await t.findings('pool.py', 1, as(DiagnosticSeverity.Error));
  await t.set('ignore', ['synchronization']);
  await t.findings('pool.py', 0);
  await t.set('ignore', undefined);
  await t.set('severity', undefined);
  await t.findings('pool.py', 1, as(DiagnosticSeverity.Hint));
  fs.writeFileSync(file, "[tool.review-lsp]\nignore = ['unguarded-write']\n");
  await t.findings('pool.py', 0);
};
