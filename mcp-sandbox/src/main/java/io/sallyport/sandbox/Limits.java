package io.sallyport.sandbox;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * How much code may use. Immutable. Whether a sandbox keeps to a limit under all circumstances is said by its {@link
 * Capabilities}.
 */
public final class Limits {

    private static final Duration MOST_TIME = Duration.ofHours(1);
    private static final long MEBIBYTE = 1024L * 1024;

    private final Duration wallTime;
    private final Duration cpuTime;
    private final long memoryBytes;
    private final int outputBytes;
    private final long fileBytes;
    private final int processes;

    private Limits(Builder builder) {
        this.wallTime = builder.wallTime;
        this.cpuTime = builder.cpuTime;
        this.memoryBytes = builder.memoryBytes;
        this.outputBytes = builder.outputBytes;
        this.fileBytes = builder.fileBytes;
        this.processes = builder.processes;
    }

    /**
     * Returns 30 seconds on the clock and of a processor, 128 MiB of memory, 1 MiB of output, 16 MiB in files, and no
     * processes.
     */
    public static Limits defaults() {
        return new Builder().build();
    }

    /** Returns a builder that begins with the {@linkplain #defaults() defaults}. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder that begins with these. */
    public Builder toBuilder() {
        return new Builder()
                .wallTime(wallTime)
                .cpuTime(cpuTime)
                .memoryBytes(memoryBytes)
                .outputBytes(outputBytes)
                .fileBytes(fileBytes)
                .processes(processes);
    }

    /** Returns how long code may take on the clock. */
    public Duration wallTime() {
        return wallTime;
    }

    /** Returns how long it may keep processors busy. */
    public Duration cpuTime() {
        return cpuTime;
    }

    /** Returns how much memory it may have, its interpreter's not counted. */
    public long memoryBytes() {
        return memoryBytes;
    }

    /** Returns how many bytes, as UTF-8, it may say on standard output, on standard error, and as its value: on each. */
    public int outputBytes() {
        return outputBytes;
    }

    /** Returns how many bytes there may be in its files. */
    public long fileBytes() {
        return fileBytes;
    }

    /** Returns how many processes it may start; 0 for none. */
    public int processes() {
        return processes;
    }

    @Override
    public String toString() {
        return "Limits[wallTime=" + wallTime + ", cpuTime=" + cpuTime + ", memoryBytes=" + memoryBytes
                + ", outputBytes=" + outputBytes + ", fileBytes=" + fileBytes + ", processes=" + processes + "]";
    }

    /** Puts limits together. Confined to one thread. */
    public static final class Builder {

        private Duration wallTime = Duration.ofSeconds(30);
        private Duration cpuTime = Duration.ofSeconds(30);
        private long memoryBytes = 128 * MEBIBYTE;
        private int outputBytes = (int) MEBIBYTE;
        private long fileBytes = 16 * MEBIBYTE;
        private int processes;

        private Builder() {}

        /**
         * Sets how long code may take on the clock.
         *
         * @throws IllegalArgumentException if it is not positive, or more than an hour
         */
        public Builder wallTime(Duration atMost) {
            this.wallTime = checked("wallTime", atMost);
            return this;
        }

        /**
         * Sets how long it may keep processors busy.
         *
         * @throws IllegalArgumentException if it is not positive, or more than an hour
         */
        public Builder cpuTime(Duration atMost) {
            this.cpuTime = checked("cpuTime", atMost);
            return this;
        }

        /**
         * Sets how much memory it may have.
         *
         * @throws IllegalArgumentException if it is less than 4 MiB
         */
        public Builder memoryBytes(long atMost) {
            if (atMost < 4 * MEBIBYTE) {
                throw new IllegalArgumentException(
                        "memoryBytes must be at least 4194304 (4 MiB), which little code can do with, but was "
                                + atMost);
            }
            this.memoryBytes = atMost;
            return this;
        }

        /**
         * Sets how many bytes it may say on standard output, on standard error, and as its value.
         *
         * @throws IllegalArgumentException if it is not positive, or more than 64 MiB
         */
        public Builder outputBytes(int atMost) {
            if (atMost <= 0 || atMost > 64 * MEBIBYTE) {
                throw new IllegalArgumentException(
                        "outputBytes must be positive and at most 67108864 (64 MiB), but was " + atMost);
            }
            this.outputBytes = atMost;
            return this;
        }

        /**
         * Sets how many bytes there may be in its files.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder fileBytes(long atMost) {
            if (atMost < 0) {
                throw new IllegalArgumentException("fileBytes must not be negative, but was " + atMost);
            }
            this.fileBytes = atMost;
            return this;
        }

        /**
         * Sets how many processes it may start.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder processes(int atMost) {
            if (atMost < 0) {
                throw new IllegalArgumentException("processes must not be negative, but was " + atMost);
            }
            this.processes = atMost;
            return this;
        }

        private static Duration checked(String name, Duration value) {
            requireNonNull(value, name);
            if (value.isNegative() || value.isZero() || value.compareTo(MOST_TIME) > 0) {
                throw new IllegalArgumentException(name + " must be positive and at most an hour, but was " + value);
            }
            return value;
        }

        /** Returns the limits. */
        public Limits build() {
            return new Limits(this);
        }
    }
}
