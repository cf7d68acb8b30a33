//! All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.
//!
//!     nbody BODIES STEPS SEED
//!
//! Prints the energy at the end and the largest relative drift of it on the way; writes the last
//! positions to positions.csv. Units: G = 1, total mass = 1.

mod splitmix;

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process;

use harness_phases::phase;
use splitmix::Generator;

const G: f64 = 1.0;
const SOFTENING: f64 = 0.05;
const TIME_STEP: f64 = 0.005;

type Vector = [f64; 3];

struct Body {
    mass: f64,
    position: Vector,
    velocity: Vector,
    acceleration: Vector,
}

/// A cube of side 2 with slowly moving bodies of about the same mass.
fn initialise(n: usize, seed: u64) -> Vec<Body> {
    let mut generator = Generator::new(seed);
    (0..n)
        .map(|_| Body {
            mass: (0.5 + generator.uniform()) / n as f64,
            position: [(); 3].map(|()| 2.0 * generator.uniform() - 1.0),
            velocity: [(); 3].map(|()| 0.4 * generator.uniform() - 0.2),
            acceleration: [0.0; 3],
        })
        .collect()
}

fn difference(a: &Vector, b: &Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn square(v: &Vector) -> f64 {
    v.iter().map(|x| x * x).sum()
}

/// The softened length of a difference: never 0, so that close encounters stay harmless.
fn distance(difference: &Vector) -> f64 {
    (square(difference) + SOFTENING * SOFTENING).sqrt()
}

fn add_scaled(to: &mut Vector, factor: f64, v: &Vector) {
    for (sum, x) in to.iter_mut().zip(v) {
        *sum += factor * x;
    }
}

fn compute_accelerations(bodies: &mut [Body]) {
    for i in 0..bodies.len() {
        let mut sum = [0.0; 3];
        // Its own pull on itself is 0.
        for other in bodies.iter() {
            let away = difference(&other.position, &bodies[i].position);
            add_scaled(&mut sum, G * other.mass / distance(&away).powi(3), &away);
        }
        bodies[i].acceleration = sum;
    }
}

fn total_energy(bodies: &[Body]) -> f64 {
    let mut energy = 0.0;
    for (i, body) in bodies.iter().enumerate() {
        energy += 0.5 * body.mass * square(&body.velocity);
        for other in &bodies[i + 1..] {
            let away = difference(&other.position, &body.position);
            energy -= G * body.mass * other.mass / distance(&away);
        }
    }
    energy
}

fn kick(bodies: &mut [Body], time: f64) {
    for body in bodies {
        add_scaled(&mut body.velocity, time, &body.acceleration);
    }
}

fn drift(bodies: &mut [Body], time: f64) {
    for body in bodies {
        add_scaled(&mut body.position, time, &body.velocity);
    }
}

fn write_positions(path: &str, bodies: &[Body]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "x,y,z")?;
    for Body { position: [x, y, z], .. } in bodies {
        writeln!(file, "{x},{y},{z}")?;
    }
    file.flush()
}

fn run(n: usize, steps: usize, seed: u64) -> io::Result<()> {
    let mut bodies = phase("initialise", || initialise(n, seed));
    phase("forces", || compute_accelerations(&mut bodies));
    let first = phase("energy", || total_energy(&bodies));
    let (mut energy, mut worst) = (first, 0.0f64);
    for _ in 0..steps {
        phase("move", || {
            kick(&mut bodies, 0.5 * TIME_STEP);
            drift(&mut bodies, TIME_STEP);
        });
        phase("forces", || compute_accelerations(&mut bodies));
        phase("move", || kick(&mut bodies, 0.5 * TIME_STEP));
        energy = phase("energy", || total_energy(&bodies));
        worst = worst.max(((energy - first) / first).abs());
    }
    println!("energy: {energy}\nenergy_drift: {worst:e}");
    phase("output", || write_positions("positions.csv", &bodies))
}

fn main() -> io::Result<()> {
    let numbers: Option<Vec<u64>> = env::args().skip(1).map(|word| word.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[n, steps, seed]) => run(n as usize, steps as usize, seed),
        _ => {
            eprintln!("usage: nbody BODIES STEPS SEED");
            process::exit(2)
        }
    }
}
