// The machine that the extension runs on: its programs, and what they print.

import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

import type { Machine, Probe } from './launch.ts';

const PATIENCE = 20_000;

/** Runs a program to its end, and returns what it printed. */
export function output(command: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: signal ? 0 : PATIENCE, windowsHide: true, maxBuffer: 1 << 24, ...(signal && { signal }) };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(`${path.basename(command)}: ${stderr.trim() || error.message}`));
      } else {
        resolve(stdout);
      }
    });
  });
}

/** Returns this machine; `starter` is what an interpreter is probed with. */
export function thisMachine(starter: string, log: (line: string) => void): Machine {
  const windows = process.platform === 'win32';
  return {
    windows,
    folders: (process.env['PATH'] ?? '').split(path.delimiter),
    isProgram(file) {
      try {
        fs.accessSync(file, fs.constants.X_OK);
        return fs.statSync(file).isFile();
      } catch {
        return false;
      }
    },
    async probe(interpreter) {
      try {
        return JSON.parse(await output(interpreter, ['-I', starter, '--probe'])) as Probe;
      } catch (error) {
        log(`${interpreter} cannot run the bundled server: ${String(error)}`);
        return undefined;
      }
    },
  };
}
