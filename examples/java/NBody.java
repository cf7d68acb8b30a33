import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.
 *
 * <pre>java NBody BODIES STEPS SEED</pre>
 *
 * Prints the energy at the end and the largest relative drift of it on the way; writes the last
 * positions to positions.csv. Units: G = 1, total mass = 1.
 */
public final class NBody {
    private static final double G = 1.0;
    private static final double SOFTENING = 0.05;
    private static final double TIME_STEP = 0.005;

    private static final class Body {
        double mass;
        double x, y, z;
        double vx, vy, vz;
        double ax, ay, az;

        /** The softened distance: never 0, so that close encounters stay harmless. */
        double distance(Body other) {
            double dx = other.x - x, dy = other.y - y, dz = other.z - z;
            return Math.sqrt(dx * dx + dy * dy + dz * dz + SOFTENING * SOFTENING);
        }
    }

    private final Body[] bodies;

    /** A cube of side 2 with slowly moving bodies of about the same mass. */
    private NBody(int n, long seed) {
        SplitMix random = new SplitMix(seed);
        bodies = new Body[n];
        for (int i = 0; i < n; i++) {
            Body body = bodies[i] = new Body();
            body.mass = (0.5 + random.uniform()) / n;
            body.x = 2.0 * random.uniform() - 1.0;
            body.y = 2.0 * random.uniform() - 1.0;
            body.z = 2.0 * random.uniform() - 1.0;
            body.vx = 0.4 * random.uniform() - 0.2;
            body.vy = 0.4 * random.uniform() - 0.2;
            body.vz = 0.4 * random.uniform() - 0.2;
        }
    }

    private void computeAccelerations() {
        for (Body body : bodies) {
            double ax = 0.0, ay = 0.0, az = 0.0;
            for (Body other : bodies) { // its own pull on itself is 0
                double distance = body.distance(other);
                double pull = G * other.mass / (distance * distance * distance);
                ax += pull * (other.x - body.x);
                ay += pull * (other.y - body.y);
                az += pull * (other.z - body.z);
            }
            body.ax = ax;
            body.ay = ay;
            body.az = az;
        }
    }

    private double totalEnergy() {
        double energy = 0.0;
        for (int i = 0; i < bodies.length; i++) {
            Body body = bodies[i];
            energy += 0.5 * body.mass
                    * (body.vx * body.vx + body.vy * body.vy + body.vz * body.vz);
            for (int j = i + 1; j < bodies.length; j++) {
                energy -= G * body.mass * bodies[j].mass / body.distance(bodies[j]);
            }
        }
        return energy;
    }

    private void kick(double time) {
        for (Body body : bodies) {
            body.vx += time * body.ax;
            body.vy += time * body.ay;
            body.vz += time * body.az;
        }
    }

    private void drift(double time) {
        for (Body body : bodies) {
            body.x += time * body.vx;
            body.y += time * body.vy;
            body.z += time * body.vz;
        }
    }

    private void writePositions(Path path) throws IOException {
        try (PrintWriter file = new PrintWriter(Files.newBufferedWriter(path))) {
            file.println("x,y,z");
            for (Body body : bodies) {
                file.println(body.x + "," + body.y + "," + body.z);
            }
        }
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 3) {
            System.err.println("usage: java NBody BODIES STEPS SEED");
            System.exit(2);
        }
        int n = Integer.parseInt(args[0]);
        int steps = Integer.parseInt(args[1]);

        harness.Phases.begin("initialise");
        NBody system = new NBody(n, Long.parseLong(args[2]));
        system.computeAccelerations();
        double first = system.totalEnergy(), energy = first, worst = 0.0;
        harness.Phases.end("initialise");

        for (int step = 0; step < steps; step++) {
            harness.Phases.begin("move");
            system.kick(0.5 * TIME_STEP);
            system.drift(TIME_STEP);
            harness.Phases.end("move");

            harness.Phases.begin("forces");
            system.computeAccelerations();
            harness.Phases.end("forces");

            harness.Phases.begin("move");
            system.kick(0.5 * TIME_STEP);
            harness.Phases.end("move");

            harness.Phases.begin("energy");
            energy = system.totalEnergy();
            worst = Math.max(worst, Math.abs((energy - first) / first));
            harness.Phases.end("energy");
        }

        harness.Phases.begin("output");
        System.out.println("energy: " + energy + "\nenergy_drift: " + worst);
        system.writePositions(Path.of("positions.csv"));
        harness.Phases.end("output");
    }
}
