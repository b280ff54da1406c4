package io.sallyport.sandbox;

import java.time.Instant;

/**
 * What is told of a session of {@link SandboxSessions}.
 *
 * @param id its name: 32 hexadecimal digits that nobody can guess
 * @param language what code in it is written in
 * @param flavor the name of its limits
 * @param tier what stands between its code and everything else
 * @param created when it was opened
 * @param lastUsed when code has ended in it last, or it was pinned or unpinned
 * @param expires when it will be closed if nobody uses it
 * @param status what it does
 * @param pinned whether it is spared when room is made, and however long nobody uses it
 */
public record SessionInfo(
        String id,
        Language language,
        String flavor,
        Tier tier,
        Instant created,
        Instant lastUsed,
        Instant expires,
        Status status,
        boolean pinned) {

    /** What a session does. */
    public enum Status {
        /** Nothing: it waits for code. */
        READY("ready"),
        /** It runs code, or some waits for its turn. */
        RUNNING("running");

        private final String word;

        Status(String word) {
            this.word = word;
        }

        /** Returns the stable word for tools and logs. */
        public String word() {
            return word;
        }
    }
}
