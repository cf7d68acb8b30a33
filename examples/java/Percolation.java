import java.util.Arrays;

/**
 * Site percolation: how clusters of occupied sites grow on random square grids.
 *
 * <pre>java Percolation SIDE GRIDS PROBABILITY SEED</pre>
 *
 * Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
 * from the top row to the bottom row, and the sum of the squares of all clusters' sizes.
 */
public final class Percolation {
    private static final class Totals {
        long occupied, clusters, largest, spanning, squares;
    }

    private final int side;
    private final boolean[] occupied;
    private final int[] labels;
    /** How many sites each cluster has; cluster 0 is nothing. */
    private final int[] sizes;
    private final int[] waiting;
    private int clusters;
    private int count;

    private Percolation(int side) {
        this.side = side;
        occupied = new boolean[side * side];
        labels = new int[side * side];
        sizes = new int[side * side + 1];
        waiting = new int[side * side];
    }

    private void fill(double probability, SplitMix random) {
        for (int site = 0; site < occupied.length; site++) {
            occupied[site] = random.uniform() < probability;
        }
    }

    /** Labels clusters 1, 2, ... in the order of their first sites. */
    private void labelClusters() {
        clusters = 0;
        Arrays.fill(labels, 0);
        for (int site = 0; site < occupied.length; site++) {
            if (occupied[site] && labels[site] == 0) {
                clusters++;
                sizes[clusters] = flood(site);
            }
        }
    }

    /** Gives the last label to all sites that are connected to the first one; returns how many. */
    private int flood(int first) {
        int size = 0;
        visit(first);
        while (count > 0) {
            int site = waiting[--count];
            int row = site / side, column = site % side;
            size++;
            if (row + 1 < side) visit(site + side);
            if (row > 0) visit(site - side);
            if (column + 1 < side) visit(site + 1);
            if (column > 0) visit(site - 1);
        }
        return size;
    }

    private void visit(int site) {
        if (occupied[site] && labels[site] == 0) {
            labels[site] = clusters;
            waiting[count++] = site;
        }
    }

    /** Does a cluster of the top row reach the bottom row? */
    private boolean spans() {
        for (int top = 0; top < side; top++) {
            for (int bottom = labels.length - side; bottom < labels.length; bottom++) {
                if (labels[top] != 0 && labels[top] == labels[bottom]) return true;
            }
        }
        return false;
    }

    private void addTo(Totals totals) {
        for (int cluster = 1; cluster <= clusters; cluster++) {
            long size = sizes[cluster];
            totals.occupied += size;
            totals.squares += size * size;
            totals.largest = Math.max(totals.largest, size);
        }
        totals.clusters += clusters;
        if (spans()) totals.spanning++;
    }

    public static void main(String[] args) {
        if (args.length != 4) {
            System.err.println("usage: java Percolation SIDE GRIDS PROBABILITY SEED");
            System.exit(2);
        }
        Percolation grid = new Percolation(Integer.parseInt(args[0]));
        int grids = Integer.parseInt(args[1]);
        double probability = Double.parseDouble(args[2]);
        SplitMix random = new SplitMix(Long.parseLong(args[3]));
        Totals totals = new Totals();
        for (int i = 0; i < grids; i++) {
            harness.Phases.begin("fill");
            grid.fill(probability, random);
            harness.Phases.end("fill");
            harness.Phases.begin("label");
            grid.labelClusters();
            harness.Phases.end("label");
            harness.Phases.begin("measure");
            grid.addTo(totals);
            harness.Phases.end("measure");
        }
        System.out.println("occupied: " + totals.occupied + "\nclusters: " + totals.clusters);
        System.out.println("largest: " + totals.largest + "\nspanning: " + totals.spanning);
        System.out.println("squares: " + totals.squares);
    }
}
