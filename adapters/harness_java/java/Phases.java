package harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Phases of a program's own work, for the harness.
 *
 * <pre>harness.Phases.begin("force"); ... harness.Phases.end("force");</pre>
 *
 * Phases nest and repeat; every thread has its own. When HARNESS_PHASES names a file, calls and time
 * of each are appended to it when the program ends. Without it the two methods return at once.
 */
public final class Phases {
    private static final String FILE = System.getenv("HARNESS_PHASES");
    private static final Map<String, long[]> TOTALS = new LinkedHashMap<>();
    private static final ThreadLocal<ArrayDeque<Open>> OPEN =
            ThreadLocal.withInitial(ArrayDeque::new);

    private record Open(String name, String path, long began) {
    }

    static {
        if (FILE != null) {
            Runtime.getRuntime().addShutdownHook(new Thread(Phases::write));
        }
    }

    private Phases() {
    }

    /** Begin a phase within the one that is open. */
    public static void begin(String name) {
        if (FILE == null) {
            return;
        }
        ArrayDeque<Open> open = OPEN.get();
        String path = open.isEmpty() ? name : open.peek().path() + "/" + name;
        open.push(new Open(name, path, System.nanoTime()));
    }

    /** End a phase, and those that are open within it. */
    public static void end(String name) {
        if (FILE == null) {
            return;
        }
        long now = System.nanoTime();
        ArrayDeque<Open> open = OPEN.get();
        while (!open.isEmpty()) {
            Open phase = open.pop();
            synchronized (TOTALS) {
                long[] row = TOTALS.computeIfAbsent(phase.path(), path -> new long[2]);
                row[0] += 1;
                row[1] += now - phase.began();
            }
            if (phase.name().equals(name)) {
                return;
            }
        }
    }

    private static void write() {
        StringBuilder lines = new StringBuilder("harness-phases 1\n");
        synchronized (TOTALS) {
            if (TOTALS.isEmpty()) {
                return;
            }
            TOTALS.forEach((path, row) ->
                    lines.append(row[0]).append('\t').append(row[1]).append('\t').append(path).append('\n'));
        }
        try {
            Files.writeString(Path.of(FILE), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException problem) {
            System.err.println("harness phases: " + problem);
        }
    }
}
