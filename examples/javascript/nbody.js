// All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.
//
//     node nbody.js BODIES STEPS SEED
//
// Prints the energy at the end and the largest relative drift of it on the way; writes the last
// positions to positions.csv. Units: G = 1, total mass = 1.
"use strict";
const fs = require("fs");
const { phase } = require("harness_phases");
const { Generator } = require("./splitmix.js");

const G = 1.0;
const SOFTENING = 0.05;
const TIME_STEP = 0.005;

class Vector {
  constructor(x, y, z) {
    this.x = x;
    this.y = y;
    this.z = z;
  }

  add(factor, other) {
    this.x += factor * other.x;
    this.y += factor * other.y;
    this.z += factor * other.z;
  }

  minus(other) {
    return new Vector(this.x - other.x, this.y - other.y, this.z - other.z);
  }

  square() {
    return this.x * this.x + this.y * this.y + this.z * this.z;
  }

  /** The softened length: never 0, so that close encounters stay harmless. */
  softenedLength() {
    return Math.sqrt(this.square() + SOFTENING * SOFTENING);
  }
}

/** A cube of side 2 with slowly moving bodies of about the same mass. */
function initialise(n, seed) {
  const generator = new Generator(seed);
  const within = (half) => {
    const coordinate = () => half * (2 * generator.uniform() - 1);
    return new Vector(coordinate(), coordinate(), coordinate());
  };
  return Array.from({ length: n }, () => ({
    mass: (0.5 + generator.uniform()) / n,
    position: within(1),
    velocity: within(0.2),
    acceleration: new Vector(0, 0, 0),
  }));
}

function computeAccelerations(bodies) {
  for (const body of bodies) {
    const sum = new Vector(0, 0, 0);
    // Its own pull on itself is 0.
    for (const other of bodies) {
      const away = other.position.minus(body.position);
      const distance = away.softenedLength();
      sum.add((G * other.mass) / (distance * distance * distance), away);
    }
    body.acceleration = sum;
  }
}

function totalEnergy(bodies) {
  let energy = 0;
  bodies.forEach((body, i) => {
    energy += 0.5 * body.mass * body.velocity.square();
    for (let j = i + 1; j < bodies.length; j++) {
      const away = bodies[j].position.minus(body.position);
      energy -= (G * body.mass * bodies[j].mass) / away.softenedLength();
    }
  });
  return energy;
}

function kick(bodies, time) {
  for (const body of bodies) body.velocity.add(time, body.acceleration);
}

function drift(bodies, time) {
  for (const body of bodies) body.position.add(time, body.velocity);
}

function writePositions(path, bodies) {
  const rows = bodies.map(({ position: { x, y, z } }) => `${x},${y},${z}\n`);
  fs.writeFileSync(path, `x,y,z\n${rows.join("")}`);
}

function main(words) {
  if (words.length !== 3) {
    console.error("usage: node nbody.js BODIES STEPS SEED");
    process.exit(2);
  }
  const [n, steps] = words.map(Number);
  const bodies = phase("initialise", () => initialise(n, words[2]));
  phase("forces", () => computeAccelerations(bodies));
  const first = phase("energy", () => totalEnergy(bodies));
  let energy = first;
  let worst = 0;
  for (let step = 0; step < steps; step++) {
    phase("move", () => {
      kick(bodies, 0.5 * TIME_STEP);
      drift(bodies, TIME_STEP);
    });
    phase("forces", () => computeAccelerations(bodies));
    phase("move", () => kick(bodies, 0.5 * TIME_STEP));
    energy = phase("energy", () => totalEnergy(bodies));
    worst = Math.max(worst, Math.abs((energy - first) / first));
  }
  console.log(`energy: ${energy}\nenergy_drift: ${worst.toExponential(6)}`);
  phase("output", () => writePositions("positions.csv", bodies));
}

main(process.argv.slice(2));
