//! Site percolation: how clusters of occupied sites grow on random square grids.
//!
//!     percolation SIDE GRIDS PROBABILITY SEED
//!
//! Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
//! from the top row to the bottom row, and the sum of the squares of all clusters' sizes.

mod splitmix;

use std::env;
use std::process;

use harness_phases::phase;
use splitmix::Generator;

#[derive(Default)]
struct Totals {
    occupied: u64,
    clusters: u64,
    largest: u64,
    spanning: u64,
    squares: u64,
}

/// One square grid, filled anew again and again; its memory is kept.
struct Grid {
    side: usize,
    occupied: Vec<bool>,
    labels: Vec<u32>,
    sizes: Vec<u64>, // of cluster 1, 2, ...
    waiting: Vec<usize>,
}

impl Grid {
    fn new(side: usize) -> Self {
        Self {
            side,
            occupied: vec![false; side * side],
            labels: vec![0; side * side],
            sizes: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn fill(&mut self, probability: f64, generator: &mut Generator) {
        self.occupied.fill_with(|| generator.uniform() < probability);
    }

    /// Labels clusters 1, 2, ... in the order of their first sites.
    fn label_clusters(&mut self) {
        self.sizes.clear();
        self.labels.fill(0);
        for site in 0..self.occupied.len() {
            if self.occupied[site] && self.labels[site] == 0 {
                let size = self.flood(site);
                self.sizes.push(size);
            }
        }
    }

    /// Gives the next label to all sites that are connected to the first one; returns how many.
    fn flood(&mut self, first: usize) -> u64 {
        let (side, label) = (self.side, self.sizes.len() as u32 + 1);
        let mut size = 0;
        self.visit(first, label);
        while let Some(site) = self.waiting.pop() {
            size += 1;
            let (row, column) = (site / side, site % side);
            if row + 1 < side {
                self.visit(site + side, label);
            }
            if row > 0 {
                self.visit(site - side, label);
            }
            if column + 1 < side {
                self.visit(site + 1, label);
            }
            if column > 0 {
                self.visit(site - 1, label);
            }
        }
        size
    }

    fn visit(&mut self, site: usize, label: u32) {
        if self.occupied[site] && self.labels[site] == 0 {
            self.labels[site] = label;
            self.waiting.push(site);
        }
    }

    /// Does a cluster of the top row reach the bottom row?
    fn spans(&self) -> bool {
        let top = &self.labels[..self.side];
        let bottom = &self.labels[self.labels.len() - self.side..];
        top.iter().any(|label| *label != 0 && bottom.contains(label))
    }

    fn add_to(&self, totals: &mut Totals) {
        for size in &self.sizes {
            totals.occupied += size;
            totals.squares += size * size;
            totals.largest = totals.largest.max(*size);
        }
        totals.clusters += self.sizes.len() as u64;
        totals.spanning += u64::from(self.spans());
    }
}

fn run(side: usize, grids: usize, probability: f64, seed: u64) {
    let mut generator = Generator::new(seed);
    let mut grid = Grid::new(side);
    let mut totals = Totals::default();
    for _ in 0..grids {
        phase("fill", || grid.fill(probability, &mut generator));
        phase("label", || grid.label_clusters());
        phase("measure", || grid.add_to(&mut totals));
    }
    println!("occupied: {}\nclusters: {}", totals.occupied, totals.clusters);
    println!("largest: {}\nspanning: {}", totals.largest, totals.spanning);
    println!("squares: {}", totals.squares);
}

fn arguments() -> Option<(usize, usize, f64, u64)> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [side, grids, probability, seed] = words.as_slice() else {
        return None;
    };
    Some((
        side.parse().ok()?,
        grids.parse().ok()?,
        probability.parse().ok()?,
        seed.parse().ok()?,
    ))
}

fn main() {
    let Some((side, grids, probability, seed)) = arguments() else {
        eprintln!("usage: percolation SIDE GRIDS PROBABILITY SEED");
        process::exit(2)
    };
    run(side, grids, probability, seed);
}
