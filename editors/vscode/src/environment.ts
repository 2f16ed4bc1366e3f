// An environment of the extension's own, for interpreters that nothing compiled was bundled for.

import * as fs from 'node:fs/promises';
import * as vscode from 'vscode';

import { pythonOf, type Nothing, type Places, type Probe } from './launch.ts';
import { output } from './machine.ts';

const CREATE = 'Create Environment…';
const SETTINGS = 'Choose an Interpreter…';

/** Says why no server runs, and offers what can be done; returns whether there is an environment now. */
export async function offer(
  nothing: Nothing,
  places: Places,
  requirements: string,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const actions = nothing.base ? [CREATE, SETTINGS] : [SETTINGS];
  const message = nothing.base
    ? `The review server has no compiled packages for Python ${nothing.base.version}.`
    : `The review server needs Python 3.11 or later. ${nothing.reason}`;
  const chosen = await vscode.window.showWarningMessage(message, ...actions);
  if (chosen === SETTINGS) {
    const query = 'review-lsp.server.interpreter';
    await vscode.commands.executeCommand('workbench.action.openSettings', query);
  }
  return chosen === CREATE && nothing.base !== undefined
    ? confirmAndCreate(nothing.base, places, requirements, log)
    : false;
}

/** Says what would be done, and does it when the user agrees. */
async function confirmAndCreate(
  base: Probe,
  places: Places,
  requirements: string,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const needed = (await fs.readFile(requirements, 'utf8')).trim().split('\n').join(', ');
  const detail =
    `A virtual environment is made in ${places.environment} by ${base.executable}, and pip installs ` +
    `${needed} into it, from the package index that pip is configured for. The server itself stays ` +
    'the bundled one. Nothing else on this machine changes; the folder can be deleted at any time.';
  const create = 'Create';
  const options = { modal: true, detail };
  const answer = await vscode.window.showInformationMessage('Create an environment?', options, create);
  if (answer !== create) {
    return false;
  }
  try {
    await make(base, places, requirements, log);
    return true;
  } catch (error) {
    await fs.rm(places.environment, { recursive: true, force: true });
    log.error(String(error));
    void vscode.window.showErrorMessage(`The environment could not be made: ${String(error)}`);
    return false;
  }
}

async function make(
  base: Probe,
  places: Places,
  requirements: string,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const python = pythonOf(places.environment, process.platform === 'win32');
  const pip = ['-I', '-m', 'pip', 'install', '--disable-pip-version-check', '--only-binary=:all:'];
  const steps: [string, string, string[]][] = [
    ['making the environment', base.executable, ['-I', '-m', 'venv', '--clear', places.environment]],
    ['installing', python, [...pip, '-r', requirements]],
  ];
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: 'Review',
    cancellable: true,
  };
  await vscode.window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    for (const [message, command, args] of steps) {
      progress.report({ message });
      log.info(`${command} ${args.join(' ')}`);
      log.info(await output(command, args, abort.signal));
    }
  });
}
