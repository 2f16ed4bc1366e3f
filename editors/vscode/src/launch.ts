// Decides which server runs. Nothing here knows of VS Code, so that it can be tested without it.

import * as path from 'node:path';

/** How to start the server, and where it was found. */
export interface Launch {
  readonly command: string;
  /** What stands before the name of a command, such as `serve`. */
  readonly prefix: readonly string[];
  readonly origin: string;
}

/** What the user chose; empty strings mean that nothing was chosen. */
export interface Choice {
  readonly source: 'environment' | 'bundled';
  readonly path: string;
  readonly interpreter: string;
}

/** What `launch.py --probe` says of an interpreter. */
export interface Probe {
  readonly version: string;
  readonly executable: string;
  readonly fits: boolean;
  readonly old: boolean;
  readonly reason?: string;
}

/** What has to be asked of the machine. */
export interface Machine {
  readonly windows: boolean;
  /** The folders of the `PATH`. */
  readonly folders: readonly string[];
  isProgram(file: string): boolean;
  /** Returns what the bundled starter says when an interpreter runs it; undefined when it cannot. */
  probe(interpreter: string): Promise<Probe | undefined>;
}

/** Where things lie that belong to the extension. */
export interface Places {
  /** `launch.py` of the bundled copy. */
  readonly starter: string;
  /** The folder of the environment that the extension made, or would make. */
  readonly environment: string;
}

/** Why no server can be started, and the interpreter from which an environment could be made. */
export interface Nothing {
  readonly reason: string;
  readonly base?: Probe;
}

export type Decision = { readonly launch: Launch } | { readonly nothing: Nothing };

/** Returns the path of Python in a virtual environment. */
export function pythonOf(environment: string, windows: boolean): string {
  return windows
    ? path.join(environment, 'Scripts', 'python.exe')
    : path.join(environment, 'bin', 'python');
}

/**
 * Decides which server runs.
 *
 * @param selected the interpreter that is selected for the folder, if the folder is trusted
 */
export async function decide(
  choice: Choice,
  selected: string | undefined,
  places: Places,
  machine: Machine,
): Promise<Decision> {
  if (choice.path) {
    if (!machine.isProgram(choice.path)) {
      return { nothing: { reason: `\`review-lsp.server.path\`: there is no program ${choice.path}` } };
    }
    return { launch: { command: choice.path, prefix: [], origin: 'the setting `server.path`' } };
  }
  if (choice.source === 'environment') {
    const launch = fromEnvironment(choice, selected, machine);
    if (launch) {
      return { launch };
    }
  }
  return bundled(choice, selected, places, machine);
}

function fromEnvironment(
  choice: Choice,
  selected: string | undefined,
  machine: Machine,
): Launch | undefined {
  const name = machine.windows ? 'review-lsp.exe' : 'review-lsp';
  const interpreter = choice.interpreter || selected;
  const places: [string, string][] = [];
  if (interpreter) {
    places.push([path.join(path.dirname(interpreter), name), `the environment of ${interpreter}`]);
  }
  places.push(...onPath(name, machine).map((file): [string, string] => [file, 'the `PATH`']));
  const found = places.find(([file]) => machine.isProgram(file));
  return found && { command: found[0], prefix: [], origin: found[1] };
}

/** A relative folder of the `PATH` would be one of the folder that is open. */
function onPath(name: string, machine: Machine): string[] {
  return machine.folders
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name));
}

async function bundled(
  choice: Choice,
  selected: string | undefined,
  places: Places,
  machine: Machine,
): Promise<Decision> {
  const reasons: string[] = [];
  let base: Probe | undefined;
  for (const interpreter of interpreters(choice, selected, places, machine)) {
    const probe = await machine.probe(interpreter);
    if (probe?.fits) {
      const prefix = ['-I', '-X', 'utf8', places.starter];
      return { launch: { command: interpreter, prefix, origin: `the bundled copy, by ${interpreter}` } };
    }
    reasons.push(`${interpreter}: ${probe?.reason ?? 'it cannot be started'}`);
    base ??= probe && !probe.old ? probe : undefined;
  }
  const reason = reasons.join('; ') || 'there is no Python';
  return { nothing: base ? { reason, base } : { reason } };
}

function interpreters(
  choice: Choice,
  selected: string | undefined,
  places: Places,
  machine: Machine,
): string[] {
  const own = pythonOf(places.environment, machine.windows);
  const names = machine.windows ? ['python.exe'] : ['python3', 'python'];
  const found = choice.interpreter
    ? [choice.interpreter]
    : [selected ?? '', ...names.flatMap((name) => onPath(name, machine))];
  return [...new Set([...found, own])].filter((file) => file && machine.isProgram(file));
}
