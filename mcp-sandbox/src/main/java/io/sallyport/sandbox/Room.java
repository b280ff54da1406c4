package io.sallyport.sandbox;

/** How many sessions there may be, or are, and how much memory they may have. */
record Room(int sessions, long memoryBytes) {

    static final Room NONE = new Room(0, 0);

    Room plus(Room other) {
        return new Room(sessions + other.sessions, memoryBytes + other.memoryBytes);
    }

    /** Returns what is left when the other is taken away; of what it has too little of, nothing. */
    Room minus(Room other) {
        return new Room(Math.max(0, sessions - other.sessions), Math.max(0, memoryBytes - other.memoryBytes));
    }

    boolean hasRoomFor(Room other) {
        return other.sessions <= sessions && other.memoryBytes <= memoryBytes;
    }

    @Override
    public String toString() {
        return sessions + " sessions with " + memoryBytes / (1024 * 1024) + " MiB";
    }
}
