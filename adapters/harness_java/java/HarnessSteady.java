// The steady driver of Java: repeats a program's work in one process on the harness's word.
//
//     java HarnessSteady METHOD CLASS ARGUMENT...
//
// The work is the static METHOD of CLASS, `main` unless the target names another one, which takes
// the arguments. docs/steady.md says what the words on the pipes mean.
import java.io.BufferedInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.Map;

public final class HarnessSteady {
    private static final int MOST_DOUBLINGS = 40, NO_WORK = 0xFE, FINISH = 0xFF;
    private static final String VARIABLE = "HARNESS_STEADY";
    private static volatile boolean working;

    private HarnessSteady() {
    }

    public static void main(String[] told) throws Throwable {
        String[] words = Arrays.copyOfRange(told, 2, told.length);
        Method method = Class.forName(told[1]).getDeclaredMethod(told[0], String[].class);
        method.setAccessible(true);
        MethodHandle work = MethodHandles.lookup().unreflect(method);
        String pipes = System.getenv(VARIABLE);
        if (pipes == null) {
            work.invoke((Object) words.clone());
            return;
        }
        forget();
        String[] numbers = pipes.split(",");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (working) {
                die("the work called System.exit(); in steady mode it must return");
            }
        }));
        try (InputStream from = new FileInputStream("/proc/self/fd/" + numbers[0]);
                OutputStream to = new FileOutputStream("/proc/self/fd/" + numbers[1])) {
            serve(work, words, from, to);
        }
    }

    private static void serve(MethodHandle work, String[] words, InputStream from, OutputStream to)
            throws Throwable {
        FileChannel input = new FileInputStream(FileDescriptor.in).getChannel();
        FileChannel output = new FileOutputStream(FileDescriptor.out).getChannel();
        boolean hasInput = size(input) > 0;
        System.out.flush();
        long begin = place(output);
        long end = begin;
        to.write('r');
        for (int word = from.read(); word >= 0 && word != FINISH; word = from.read()) {
            if (word == NO_WORK) {
                to.write('d');
                continue;
            }
            if (word > MOST_DOUBLINGS) {
                die("unknown word from the harness");
            }
            for (long left = 1L << word; left > 0; left--) {
                if (hasInput) {
                    input.position(0);
                    System.setIn(new BufferedInputStream(new FileInputStream(FileDescriptor.in)));
                }
                execute(work, words.clone());
            }
            System.out.flush();
            to.write('d');
            if (begin >= 0) {
                end = output.position();
                output.position(begin);
            }
        }
        if (end >= 0) {
            output.position(end);
            output.truncate(end);
        }
    }

    private static void execute(MethodHandle work, String[] words) throws Throwable {
        working = true;
        try {
            work.invoke((Object) words);
        } finally {
            working = false;
        }
    }

    /** The place at which a file is written; -1 for a pipe or a terminal. */
    private static long place(FileChannel file) {
        try {
            return file.position();
        } catch (IOException problem) {
            return -1;
        }
    }

    private static long size(FileChannel file) {
        try {
            file.position(file.position());
            return file.size();
        } catch (IOException problem) {
            return -1;
        }
    }

    /** Programs that the work starts are not driven: they are not given the variable. */
    private static void forget() throws ReflectiveOperationException {
        Field field = Class.forName("java.lang.ProcessEnvironment").getDeclaredField("theEnvironment");
        field.setAccessible(true);
        ((Map<?, ?>) field.get(null)).keySet().removeIf(key -> key.toString().equals(VARIABLE));
    }

    private static void die(String what) {
        System.err.println("harness steady driver: " + what);
        Runtime.getRuntime().halt(70);
    }
}
