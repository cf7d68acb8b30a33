// All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.
//
//     nbody BODIES STEPS SEED
//
// Prints the energy at the end and the largest relative drift of it on the way; writes the last
// positions to positions.csv. Units: G = 1, total mass = 1.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "harness_phases.h"

namespace {

constexpr double G = 1.0;
constexpr double softening = 0.05;
constexpr double time_step = 0.005;

struct Vector {
    double x = 0.0, y = 0.0, z = 0.0;

    Vector& operator+=(const Vector& other) {
        x += other.x, y += other.y, z += other.z;
        return *this;
    }
};

Vector operator-(const Vector& a, const Vector& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
Vector operator*(double factor, const Vector& v) {
    return {factor * v.x, factor * v.y, factor * v.z};
}
double dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

struct Body {
    double mass;
    Vector position, velocity, acceleration;
};

using Bodies = std::vector<Body>;

// A phase from here to the end of the scope.
class Phase {
  public:
    explicit Phase(const char* name) : name_(name) { harness_phase_begin(name_); }
    ~Phase() { harness_phase_end(name_); }
    Phase(const Phase&) = delete;
    Phase& operator=(const Phase&) = delete;

  private:
    const char* name_;
};

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

    // In a cube around the origin with edges of 2 * half.
    Vector within(double half) {
        // The braces guarantee the order: x is drawn first.
        return {half * (2.0 * uniform() - 1.0), half * (2.0 * uniform() - 1.0),
                half * (2.0 * uniform() - 1.0)};
    }

  private:
    std::uint64_t state_;
};

// A cube of side 2 with slowly moving bodies of about the same mass.
Bodies initial(int n, std::uint64_t seed) {
    Phase phase("initialise");
    Generator generator(seed);
    Bodies bodies(n);
    for (Body& body : bodies) {
        body.mass = (0.5 + generator.uniform()) / n;
        body.position = generator.within(1.0);
        body.velocity = generator.within(0.2);
    }
    return bodies;
}

// Never 0, so that close encounters stay harmless.
double softened_distance(const Vector& difference) {
    return std::sqrt(dot(difference, difference) + softening * softening);
}

void compute_accelerations(Bodies& bodies) {
    Phase phase("forces");
    for (Body& body : bodies) {
        Vector sum;
        for (const Body& other : bodies) { // its own pull on itself is 0
            const Vector difference = other.position - body.position;
            const double distance = softened_distance(difference);
            sum += (G * other.mass / (distance * distance * distance)) * difference;
        }
        body.acceleration = sum;
    }
}

double total_energy(const Bodies& bodies) {
    Phase phase("energy");
    double energy = 0.0;
    for (auto body = bodies.begin(); body != bodies.end(); ++body) {
        energy += 0.5 * body->mass * dot(body->velocity, body->velocity);
        for (auto other = body + 1; other != bodies.end(); ++other) {
            const double distance = softened_distance(other->position - body->position);
            energy -= G * body->mass * other->mass / distance;
        }
    }
    return energy;
}

void kick(Bodies& bodies, double time) {
    Phase phase("move");
    for (Body& body : bodies) body.velocity += time * body.acceleration;
}

void drift(Bodies& bodies, double time) {
    Phase phase("move");
    for (Body& body : bodies) body.position += time * body.velocity;
}

bool write_positions(const std::string& path, const Bodies& bodies) {
    Phase phase("output");
    std::ofstream file(path);
    file << "x,y,z\n" << std::setprecision(15);
    for (const auto& [mass, position, velocity, acceleration] : bodies)
        file << position.x << ',' << position.y << ',' << position.z << '\n';
    file.close();
    return file.good();
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: nbody BODIES STEPS SEED\n";
        return 2;
    }
    const int n = std::stoi(argv[1]), steps = std::stoi(argv[2]);
    Bodies bodies = initial(n, std::stoull(argv[3]));
    compute_accelerations(bodies);
    const double first = total_energy(bodies);
    double energy = first, worst = 0.0;
    for (int step = 0; step < steps; ++step) {
        kick(bodies, 0.5 * time_step);
        drift(bodies, time_step);
        compute_accelerations(bodies);
        kick(bodies, 0.5 * time_step);
        energy = total_energy(bodies);
        worst = std::max(worst, std::abs((energy - first) / first));
    }
    std::printf("energy: %.15g\nenergy_drift: %.6e\n", energy, worst);
    return write_positions("positions.csv", bodies) ? 0 : 1;
}
