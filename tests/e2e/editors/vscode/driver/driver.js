// Runs the suite that the folder beside the project names, and writes down how it ended.

const fs = require('node:fs');
const path = require('node:path');
const vscode = require('vscode');

const PATIENCE = 30_000;

const t = {
  vscode,

  /** Waits until a function returns something, and returns that. */
  async until(what, condition) {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const value = await condition();
      if (value) {
        return value;
      }
      if (Date.now() > end) {
        throw new Error(`waited in vain for ${what}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },

  root() {
    return vscode.workspace.workspaceFolders[0].uri;
  },

  uri(name) {
    return vscode.Uri.joinPath(t.root(), name);
  },

  async open(name) {
    return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(t.uri(name)));
  },

  /** Waits until a file has so many findings, and returns them. */
  async findings(name, count, condition = () => true) {
    let found = [];
    const mine = () => {
      found = vscode.languages.getDiagnostics(t.uri(name)).filter((one) => one.source === 'review');
      return found.length === count && found.every(condition) && [found];
    };
    try {
      return (await t.until(`${count} findings in ${name}`, mine))[0];
    } catch (error) {
      throw new Error(`${error.message}; there are ${JSON.stringify(found)}`);
    }
  },

  /** Returns the actions for a finding; their edits are there. */
  actions(name, finding, kind) {
    const command = 'vscode.executeCodeActionProvider';
    return vscode.commands.executeCommand(command, t.uri(name), finding.range, kind, 20);
  },

  expected(name) {
    return fs.readFileSync(path.join(path.dirname(t.root().fsPath), 'expected', name), 'utf8');
  },

  set(key, value) {
    const settings = vscode.workspace.getConfiguration('review-lsp');
    return settings.update(key, value, vscode.ConfigurationTarget.Workspace);
  },

  /** Returns the server processes that this editor runs, each with its command line. */
  servers() {
    const found = [];
    for (const name of fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        const parent = /^PPid:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/${name}/status`, 'utf8'))[1];
        const line = fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        if (Number(parent) === process.pid && line.includes('serve')) {
          found.push({ pid: Number(name), line });
        }
      } catch {
        // It ended while it was looked at.
      }
    }
    return found;
  },
};

exports.activate = async function activate() {
  const beside = path.join(path.dirname(t.root().fsPath), 'suite.json');
  if (!fs.existsSync(beside)) {
    return;
  }
  const { suite, result } = JSON.parse(fs.readFileSync(beside, 'utf8'));
  let outcome = { ok: true };
  try {
    await require(suite)(t);
  } catch (error) {
    outcome = { ok: false, problem: String(error?.stack ?? error) };
  }
  fs.writeFileSync(`${result}.part`, JSON.stringify(outcome));
  fs.renameSync(`${result}.part`, result);
};
