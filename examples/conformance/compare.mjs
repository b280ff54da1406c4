// Reads what runs of the conformance suite have left behind.
//
//   node compare.mjs FOLDER             prints a table of its runs; exit code 1 if a check failed that counts
//   node compare.mjs FOLDER --may NAME… the same, but these scenarios may fail
//   node compare.mjs A B                prints every check whose status differs; exit code 1 if there is one
//
// A folder has one folder per run, and that one per scenario with a checks.json. A run that has a requirements.yaml
// is held to the scenarios which that names; the others of the run are reported only.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [first, second, ...may] = process.argv.slice(2);
if (!first) {
  console.error('usage: compare.mjs FOLDER [OTHER | --may NAME…]');
  process.exit(2);
}
process.exit(second && second !== '--may' ? diff(read(first), read(second)) : report(read(first)));

/** Returns the runs of a folder: their scenarios with their checks, and which scenarios count. */
function read(folder) {
  return foldersIn(folder).map((name) => {
    const run = join(folder, name);
    const scenarios = new Map();
    for (const scenario of foldersIn(run)) {
      const file = join(run, scenario, 'checks.json');
      const title = scenario.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');
      scenarios.set(title, existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []);
    }
    return { name, scenarios, required: required(join(run, 'requirements.yaml')) };
  });
}

function foldersIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}

/** Returns the scenarios below "server:"; undefined if all count. */
function required(file) {
  if (!existsSync(file)) {
    return undefined;
  }
  const list = /^server:\n((?:(?:  .*|#.*)?\n)*)/m.exec(readFileSync(file, 'utf8'));
  return [...list[1].matchAll(/^  - (\S+)/gm)].map((match) => match[1]);
}

function report(runs) {
  const rows = [['run', 'scenarios', 'checks passed', 'failed', 'warnings', 'not scored']];
  const remarks = [];
  let ok = runs.length > 0;
  for (const { name, scenarios, required } of runs) {
    const scored = required ?? [...scenarios.keys()];
    const others = [...scenarios.keys()].filter((scenario) => !scored.includes(scenario));
    const checks = scored.flatMap((scenario) => scenarios.get(scenario) ?? []);
    const passed = scored.filter((scenario) => passes(scenarios.get(scenario)));
    rows.push([
      name,
      `${passed.length}/${scored.length}`,
      count(checks, 'SUCCESS'),
      count(checks, 'FAILURE'),
      count(checks, 'WARNING'),
      others.length ? `${others.filter((scenario) => passes(scenarios.get(scenario))).length}/${others.length}` : '',
    ]);
    ok &&= scored.length > 0 && scored.every((scenario) => passed.includes(scenario) || may.includes(scenario));
    for (const scenario of scored.filter((one) => !scenarios.get(one)?.length)) {
      remarks.push(`${name}: ${scenario}: left no checks behind`);
    }
    for (const scenario of scored) {
      for (const check of scenarios.get(scenario) ?? []) {
        if (check.status === 'FAILURE' || check.status === 'WARNING') {
          remarks.push(`${name}: ${scenario}: ${check.id}: ${check.status}: ${check.errorMessage ?? ''}`);
        }
      }
    }
  }
  printTable(rows);
  remarks.forEach((remark) => console.log(remark));
  return ok ? 0 : 1;
}

/** A scenario that left nothing behind has not passed. */
function passes(checks) {
  return checks?.length > 0 && count(checks, 'FAILURE') === 0;
}

function count(checks, status) {
  return checks.filter((check) => check.status === status).length;
}

function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows) {
    console.log(row.map((cell, column) => String(cell).padEnd(widths[column])).join('  ').trimEnd());
  }
}

function diff(before, after) {
  let differences = 0;
  for (const name of union(before.map((run) => run.name), after.map((run) => run.name))) {
    const one = statuses(before.find((run) => run.name === name));
    const other = statuses(after.find((run) => run.name === name));
    for (const check of union(one.keys(), other.keys())) {
      const was = one.get(check) ?? 'missing';
      const is = other.get(check) ?? 'missing';
      if (was !== is) {
        differences++;
        console.log(`${name}: ${check}: ${was} -> ${is}`);
      }
    }
  }
  console.log(differences ? `${differences} checks differ.` : 'No check differs.');
  return differences ? 1 : 0;
}

/** Returns what came out of each check. One that only informs, such as of a message seen, may do so any number of times. */
function statuses(run) {
  const found = new Map();
  for (const [scenario, checks] of run?.scenarios ?? []) {
    for (const check of checks) {
      const key = `${scenario}: ${check.id}`;
      const seen = found.get(key);
      if (!seen) {
        found.set(key, check.status);
      } else if (seen !== 'INFO' || check.status !== 'INFO') {
        found.set(key, `${seen} ${check.status}`);
      }
    }
  }
  return found;
}

function union(...keys) {
  return [...new Set(keys.flatMap((some) => [...some]))];
}
