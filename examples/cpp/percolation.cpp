// Site percolation: how clusters of occupied sites grow on random square grids.
//
//     percolation SIDE GRIDS PROBABILITY SEED
//
// Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
// from the top row to the bottom row, and the sum of the squares of all clusters' sizes.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "harness_phases.h"

namespace {

// splitmix64 (Steele, Lea and Flood 2014)
class Generator {
  public:
    explicit Generator(std::uint64_t seed) : state_(seed) {}

    // A number from 0 up to but not including 1.
    double uniform() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
    }

  private:
    std::uint64_t state_;
};

struct Totals {
    std::int64_t occupied = 0, clusters = 0, largest = 0, spanning = 0, squares = 0;
};

// One square grid, filled anew again and again; its memory is kept.
class Grid {
  public:
    explicit Grid(int side) : side_(side), occupied_(side * side), labels_(side * side) {}

    void fill(double probability, Generator& generator) {
        for (char& site : occupied_) site = generator.uniform() < probability;
    }

    // Labels clusters 1, 2, ... in the order of their first sites.
    void label_clusters() {
        sizes_.clear();
        std::fill(labels_.begin(), labels_.end(), 0);
        for (std::size_t site = 0; site < occupied_.size(); ++site)
            if (is_new(static_cast<int>(site))) sizes_.push_back(flood(static_cast<int>(site)));
    }

    void add_to(Totals& totals) const {
        for (std::int64_t size : sizes_) {
            totals.occupied += size;
            totals.squares += size * size;
            totals.largest = std::max(totals.largest, size);
        }
        totals.clusters += static_cast<std::int64_t>(sizes_.size());
        totals.spanning += spans();
    }

  private:
    bool is_new(int site) const { return occupied_[site] && labels_[site] == 0; }

    // Gives the next label to all sites that are connected to the first one; returns how many.
    std::int64_t flood(int first) {
        const int label = static_cast<int>(sizes_.size()) + 1;
        std::int64_t size = 0;
        const auto visit = [&](int site) {
            if (!is_new(site)) return;
            labels_[site] = label;
            waiting_.push_back(site);
        };
        visit(first);
        while (!waiting_.empty()) {
            const int site = waiting_.back(), row = site / side_, column = site % side_;
            waiting_.pop_back();
            ++size;
            if (row + 1 < side_) visit(site + side_);
            if (row > 0) visit(site - side_);
            if (column + 1 < side_) visit(site + 1);
            if (column > 0) visit(site - 1);
        }
        return size;
    }

    // Does a cluster of the top row reach the bottom row?
    bool spans() const {
        const auto bottom = labels_.end() - side_;
        return std::any_of(labels_.begin(), labels_.begin() + side_, [&](int label) {
            return label != 0 && std::find(bottom, labels_.end(), label) != labels_.end();
        });
    }

    int side_;
    std::vector<char> occupied_;
    std::vector<int> labels_, waiting_;
    std::vector<std::int64_t> sizes_; // of cluster 1, 2, ...
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::cerr << "usage: percolation SIDE GRIDS PROBABILITY SEED\n";
        return 2;
    }
    const int side = std::stoi(argv[1]), grids = std::stoi(argv[2]);
    const double probability = std::stod(argv[3]);
    Generator generator(std::stoull(argv[4]));
    Grid grid(side);
    Totals totals;
    for (int i = 0; i < grids; ++i) {
        harness_phase_begin("fill");
        grid.fill(probability, generator);
        harness_phase_end("fill");
        harness_phase_begin("label");
        grid.label_clusters();
        harness_phase_end("label");
        harness_phase_begin("measure");
        grid.add_to(totals);
        harness_phase_end("measure");
    }
    std::cout << "occupied: " << totals.occupied << "\nclusters: " << totals.clusters
              << "\nlargest: " << totals.largest << "\nspanning: " << totals.spanning
              << "\nsquares: " << totals.squares << '\n';
}
