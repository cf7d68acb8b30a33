// Site percolation: how clusters of occupied sites grow on random square grids.
//
//     node percolation.js SIDE GRIDS PROBABILITY SEED
//
// Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
// from the top row to the bottom row, and the sum of the squares of all clusters' sizes.
"use strict";
const { phase } = require("harness_phases");
const { Generator } = require("./splitmix.js");

/** One square grid, filled anew again and again; its memory is kept. */
class Grid {
  constructor(side) {
    this.side = side;
    this.occupied = new Uint8Array(side * side);
    this.labels = new Int32Array(side * side);
    this.waiting = new Int32Array(side * side);
    this.sizes = []; // of cluster 1, 2, ...
  }

  fill(probability, generator) {
    const { occupied } = this;
    for (let site = 0; site < occupied.length; site++) {
      occupied[site] = generator.uniform() < probability ? 1 : 0;
    }
  }

  /** Labels clusters 1, 2, ... in the order of their first sites. */
  labelClusters() {
    const { occupied, labels } = this;
    this.sizes = [];
    labels.fill(0);
    for (let site = 0; site < occupied.length; site++) {
      if (occupied[site] && labels[site] === 0) this.sizes.push(this.flood(site));
    }
  }

  /** Gives the next label to all sites that are connected to the first one; returns how many. */
  flood(first) {
    const { side, occupied, labels, waiting } = this;
    const label = this.sizes.length + 1;
    let count = 0;
    let size = 0;
    const visit = (site) => {
      if (occupied[site] && labels[site] === 0) {
        labels[site] = label;
        waiting[count++] = site;
      }
    };
    visit(first);
    while (count > 0) {
      const site = waiting[--count];
      const column = site % side;
      size += 1;
      if (site + side < labels.length) visit(site + side);
      if (site >= side) visit(site - side);
      if (column + 1 < side) visit(site + 1);
      if (column > 0) visit(site - 1);
    }
    return size;
  }

  /** Does a cluster of the top row reach the bottom row? */
  spans() {
    const bottom = new Set(this.labels.subarray(-this.side));
    return this.labels.subarray(0, this.side).some((label) => label !== 0 && bottom.has(label));
  }

  addTo(totals) {
    for (const size of this.sizes) {
      totals.occupied += size;
      totals.squares += size * size;
      totals.largest = Math.max(totals.largest, size);
    }
    totals.clusters += this.sizes.length;
    totals.spanning += this.spans() ? 1 : 0;
  }
}

function main(words) {
  if (words.length !== 4) {
    console.error("usage: node percolation.js SIDE GRIDS PROBABILITY SEED");
    process.exit(2);
  }
  const [side, grids, probability] = words.map(Number);
  const generator = new Generator(words[3]);
  const grid = new Grid(side);
  const totals = { occupied: 0, clusters: 0, largest: 0, spanning: 0, squares: 0 };
  for (let i = 0; i < grids; i++) {
    phase("fill", () => grid.fill(probability, generator));
    phase("label", () => grid.labelClusters());
    phase("measure", () => grid.addTo(totals));
  }
  for (const [name, value] of Object.entries(totals)) console.log(`${name}: ${value}`);
}

main(process.argv.slice(2));
