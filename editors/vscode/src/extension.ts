// Starts the server, keeps it running, and offers the commands.

import * as path from 'node:path';
import * as vscode from 'vscode';
import { ExecuteCommandRequest, type LanguageClient } from 'vscode-languageclient/node';

import { SELECTOR, start } from './client.ts';
import { offer } from './environment.ts';
import { information, showJson } from './information.ts';
import { onDidSelectInterpreter, selectedInterpreter } from './interpreter.ts';
import { decide, type Choice, type Decision, type Launch, type Machine, type Places } from './launch.ts';
import { output, thisMachine } from './machine.ts';
import { showRule } from './pages.ts';
import { SECTION, serverKeys } from './settings.ts';
import { Status } from './status.ts';

let review: Review | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  review = new Review(context);
  await review.restart();
}

export async function deactivate(): Promise<void> {
  await review?.stop();
}

class Review {
  private readonly log = vscode.window.createOutputChannel('Review', { log: true });
  private readonly status = new Status(SELECTOR);
  private readonly extension: vscode.Extension<unknown>;
  private readonly keys: readonly string[];
  private readonly places: Places;
  private readonly machine: Machine;
  private readonly requirements: string;
  private launch: Launch | undefined;
  private client: LanguageClient | undefined;
  /** Restarts happen one after the other, however often they are asked for. */
  private queue: Promise<void> = Promise.resolve();

  constructor(context: vscode.ExtensionContext) {
    this.extension = context.extension;
    const bundled = context.asAbsolutePath('bundled');
    this.keys = serverKeys(this.extension);
    this.places = {
      starter: path.join(bundled, 'launch.py'),
      environment: vscode.Uri.joinPath(context.globalStorageUri, 'environment').fsPath,
    };
    this.requirements = path.join(bundled, 'requirements.txt');
    this.machine = thisMachine(this.places.starter, (line) => this.log.info(line));
    context.subscriptions.push(this.log, this.status, ...this.commands(), ...this.listeners());
  }

  /** Starts the server, again if there is one. */
  restart(): Promise<void> {
    this.queue = this.queue.then(async () => {
      await this.stopClient();
      await this.startClient();
    });
    return this.queue;
  }

  stop(): Promise<void> {
    this.queue = this.queue.then(() => this.stopClient());
    return this.queue;
  }

  private commands(): vscode.Disposable[] {
    const table: Record<string, (...args: unknown[]) => unknown> = {
      restart: () => this.restart(),
      showLogs: () => this.log.show(),
      debugInformation: () => this.showInformation(),
      showConfiguration: async () => showJson(await this.ask('review.showConfiguration')),
      ruleTimings: async () => showJson(await this.ask('review.ruleTimings', activeUri())),
      restartIndex: () => this.ask('review.restartIndex'),
      showRule: (rule) =>
        showRule(
          (command, ...args) => this.ask(command, ...args),
          () => this.run('rules', '--output-format', 'json'),
          rule,
        ),
      fixAll: () =>
        vscode.commands.executeCommand('editor.action.codeAction', {
          kind: 'source.fixAll.review',
          apply: 'first',
        }),
    };
    return Object.entries(table).map(([name, run]) =>
      vscode.commands.registerCommand(`${SECTION}.${name}`, run),
    );
  }

  private listeners(): vscode.Disposable[] {
    const interpreter = onDidSelectInterpreter(() => void this.restart()).catch((error: unknown) => {
      this.log.warn(`The Python extension could not be asked: ${String(error)}`);
      return new vscode.Disposable(() => {});
    });
    return [
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.restart()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(`${SECTION}.server`)) {
          void this.restart();
        }
      }),
      new vscode.Disposable(() => void interpreter.then((listener) => listener.dispose())),
    ];
  }

  private async startClient(): Promise<void> {
    this.status.starting();
    const decision = await this.decide();
    if ('nothing' in decision) {
      this.log.error(decision.nothing.reason);
      this.status.stopped('there is no server');
      // The user may take his time, and must be able to restart meanwhile.
      void offer(decision.nothing, this.places, this.requirements, this.log).then(
        (made) => (made ? this.restart() : undefined),
      );
      return;
    }
    this.launch = decision.launch;
    this.log.info(`The server is ${this.launch.command}, from ${this.launch.origin}`);
    try {
      this.client = await start(this.launch, this.keys, this.status, this.log);
    } catch (error) {
      this.log.error(String(error));
      this.status.stopped('the server does not start');
      void vscode.window.showErrorMessage(`The review server does not start: ${String(error)}`);
    }
  }

  private async stopClient(): Promise<void> {
    const client = this.client;
    this.client = this.launch = undefined;
    // One that was killed cannot be stopped any more.
    await client?.dispose().catch((error: unknown) => this.log.warn(String(error)));
  }

  private async decide(): Promise<Decision> {
    const settings = vscode.workspace.getConfiguration(`${SECTION}.server`);
    const choice: Choice = {
      source: settings.get('source', 'environment'),
      path: settings.get('path', ''),
      interpreter: settings.get('interpreter', ''),
    };
    const selected = await selectedInterpreter().catch(() => undefined);
    return decide(choice, selected, this.places, this.machine);
  }

  /** Shows what a report of a defect should say, whether or not there is a server. */
  private async showInformation(): Promise<void> {
    const server = await this.ask('review.debugInformation').catch(String);
    await showJson(information(this.extension, this.launch, this.keys, server));
  }

  /** Has the server do what a command says, and returns what it yields. */
  private async ask(command: string, ...args: unknown[]): Promise<unknown> {
    await this.queue;
    if (!this.client?.isRunning()) {
      throw new Error('There is no review server');
    }
    return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
  }

  /** Runs another command of the program that also serves, and returns what it printed. */
  private async run(...args: string[]): Promise<string> {
    await this.queue;
    if (!this.launch) {
      throw new Error('There is no review server');
    }
    return output(this.launch.command, [...this.launch.prefix, ...args]);
  }
}

/** Returns the URI of the document that the user looks at, as the server knows it. */
function activeUri(): string | undefined {
  return vscode.window.activeTextEditor?.document.uri.toString();
}
