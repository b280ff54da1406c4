package io.sallyport.sandbox.process;

import java.io.Closeable;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/**
 * Our end of a named pipe. It is opened for both directions, so that neither opening nor reading ever waits for the other
 * end, and is only read when there is something, and only written when it is empty. Confined to one thread at a time.
 */
final class Fifo implements Closeable {

    /** A pipe that is empty has room for this much, whatever the system does about those who have many. */
    static final int SURE_ROOM = 4096;

    /** How the kernel calls what is open and has no name any more. */
    private static final String DELETED = " (deleted)";

    private final Path path;
    private final RandomAccessFile file;
    private final FileInputStream in;
    private final FileOutputStream out;

    private Fifo(Path path, RandomAccessFile file) throws IOException {
        this.path = path;
        this.file = file;
        this.in = new FileInputStream(file.getFD());
        this.out = new FileOutputStream(file.getFD());
    }

    static Fifo open(Path path) throws IOException {
        return new Fifo(path, new RandomAccessFile(path.toFile(), "rw"));
    }

    /** Returns whether a descriptor that the kernel says this of is an end of it. */
    boolean is(Path target) {
        return target.equals(path) || target.toString().equals(path + DELETED);
    }

    /** Returns how many bytes there are in it that nobody has read. */
    int available() throws IOException {
        return in.available();
    }

    /** Reads what there is, and no more than fits. */
    int read(byte[] buffer) throws IOException {
        int available = Math.min(in.available(), buffer.length);
        return available == 0 ? 0 : in.read(buffer, 0, available);
    }

    /** Writes what is sure not to have to wait. Returns how much that was. */
    int write(byte[] bytes, int offset) throws IOException {
        if (in.available() > 0) {
            return 0;
        }
        int length = Math.min(bytes.length - offset, SURE_ROOM);
        out.write(bytes, offset, length);
        return length;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
