// The steady driver of JavaScript: repeats a program's work in one process on the harness's word.
//
//     node driver.js SOURCE ENTRY ARGUMENT...
//
// The work is the source itself, compiled once and executed anew as a module of its own; or the
// function ENTRY that it exports, which may be asynchronous and is called with the arguments.
// docs/steady.md says what the words on the pipes mean.
//
// Node cannot move the place in a file at which it writes. So standard output is collected, written
// in one piece before each answer to the place where output begins, and cut at the end.
"use strict";
const fs = require("fs");
const Module = require("module");
const path = require("path");
const { pathToFileURL } = require("url");
const vm = require("vm");

const MOST_DOUBLINGS = 40, NO_WORK = 0xfe, FINISH = 0xff;
const OUT = 1, IN = 0;
const [source, entry, ...words] = process.argv.slice(2);
const [program, file] = [process.argv[0], path.resolve(source)];
const raw = { write: fs.writeSync, read: fs.readSync, readFile: fs.readFileSync };

function die(what) {
  raw.write(2, `harness steady driver: ${what}\n`);
  process.reallyExit(70);
}

let working = false;
process.on("exit", () => {
  if (working) die("the work called process.exit(), or waits for what never comes");
});

let printed = [];
function collect() {
  const take = (chunk, encoding) => {
    printed.push(typeof chunk === "string" ? Buffer.from(chunk, encoding) : Buffer.from(chunk));
  };
  process.stdout.write = (chunk, encoding, done) => {
    take(chunk, typeof encoding === "string" ? encoding : "utf8");
    const called = typeof encoding === "function" ? encoding : done;
    if (called) called();
    return true;
  };
  fs.writeSync = (fd, chunk, ...rest) => {
    if (fd !== OUT) return raw.write(fd, chunk, ...rest);
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk.buffer ?? chunk);
    printed.push(bytes);
    return bytes.length;
  };
}

let place = 0;
function rewindable() {
  fs.readSync = (fd, buffer, offset, length, position) => {
    if (fd !== IN || typeof position === "number") {
      return raw.read(fd, buffer, offset, length, position);
    }
    if (typeof offset === "object" && offset !== null) ({ offset, length } = offset);
    const got = raw.read(fd, buffer, offset ?? 0, length ?? buffer.byteLength, place);
    place += got;
    return got;
  };
  fs.readFileSync = (name, ...rest) => {
    const standard = name === IN || name === "/dev/stdin" || name === "/proc/self/fd/0";
    return raw.readFile(standard ? "/proc/self/fd/0" : name, ...rest);
  };
}

async function workOf() {
  process.argv = [program, file, ...words];
  if (file.endsWith(".mjs")) {
    return named(await import(pathToFileURL(file)));
  }
  if (entry) return named(require(file));
  const text = raw.readFile(file, "utf8").replace(/^#!.*/, "");
  const made = new vm.Script(Module.wrap(text), { filename: file }).runInThisContext();
  const own = new Module(file, null);
  const [folder, require_] = [path.dirname(file), Module.createRequire(file)];
  own.filename = file;
  own.paths = Module._nodeModulePaths(folder);
  require_.main = own;
  return () => {
    own.exports = {};
    return made.call(own.exports, own.exports, require_, own, file, folder);
  };
}

function named(found) {
  const work = found[entry];
  if (typeof work !== "function") die(`${source} exports no function ${entry}`);
  return () => work(...words);
}

// Gives back what is to be waited for, or nothing: waiting takes a turn of the event loop.
function execute(work) {
  process.argv = [program, file, ...words];
  place = 0;
  working = true;
  const result = work();
  if (typeof result?.then === "function") return result.then(() => void (working = false));
  working = false;
  return undefined;
}

async function serve(work, from, to) {
  const begin = 0;
  const word = Buffer.alloc(1);
  let end = begin;
  const answer = (letter) => raw.write(to, letter);
  answer("r");
  while (raw.read(from, word, 0, 1, null) === 1 && word[0] !== FINISH) {
    if (word[0] === NO_WORK) {
      answer("d");
      continue;
    }
    if (word[0] > MOST_DOUBLINGS) die("unknown word from the harness");
    printed = [];
    for (let left = 2 ** word[0]; left > 0; left--) {
      const waiting = execute(work);
      if (waiting !== undefined) await waiting;
    }
    const all = Buffer.concat(printed);
    if (all.length > 0) put(all, begin);
    end = begin + all.length;
    answer("d");
  }
  if (fs.fstatSync(OUT).isFile()) fs.ftruncateSync(OUT, end);
}

function put(bytes, at) {
  const regular = fs.fstatSync(OUT).isFile();
  for (let done = 0; done < bytes.length; ) {
    const where = regular ? at + done : null;
    done += raw.write(OUT, bytes, done, bytes.length - done, where);
  }
}

async function main() {
  const pipes = process.env.HARNESS_STEADY;
  delete process.env.HARNESS_STEADY; // a program that this one starts is not driven
  if (pipes === undefined) return void (await execute(await workOf()));
  const [from, to] = pipes.split(",").map(Number);
  if (!Number.isInteger(from) || !Number.isInteger(to)) die("HARNESS_STEADY is malformed");
  collect();
  rewindable();
  return serve(await workOf(), from, to);
}

main().catch((problem) => {
  working = false;
  raw.write(2, `${problem?.stack ?? problem}\n`);
  process.reallyExit(1);
});
